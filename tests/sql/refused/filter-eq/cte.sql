-- refused: use-not-granted settlement.cost filter:eq @5:7 [no-match-refuses]
-- Under the name of a field that is held.
with t as (select cost as hospital from settlement)
select count(*) as n from t
where hospital = 100;
