-- allowed: area.population extreme @4:12
-- Through a WITH query.
with t as (select district as d, population as p from area)
select max(p) as most from t;
