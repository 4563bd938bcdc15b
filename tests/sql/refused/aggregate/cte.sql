-- refused: use-not-granted settlement.own_share aggregate:median @4:15 [no-match-refuses]
-- Under another name, in another query.
with t as (select own_share as cost from settlement)
select median(cost) as middle
from t;
