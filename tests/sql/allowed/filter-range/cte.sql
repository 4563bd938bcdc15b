-- allowed: settlement.cost filter:range @4:35
-- Outside of the WITH query, under another name.
with t as (select cost as c from settlement)
select count(*) as n from t where c > 500;
