-- refused: use-not-granted settlement.sex filter:range @3:44 [no-match-refuses]
-- The negation of a pattern.
select count(*) as n from settlement where sex not ilike 'f%';
