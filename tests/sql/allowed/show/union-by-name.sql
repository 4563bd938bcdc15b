-- allowed: hospital.beds show @5:18
-- Columns that meet by their names.
select district, population from area
union all by name
select district, beds from hospital;
