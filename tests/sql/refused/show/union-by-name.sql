-- refused: use-not-granted area.density show @5:30 [no-match-refuses]
-- Columns that meet by their names.
select hospital, beds from hospital
union all by name
select district as hospital, density from area;
