-- refused: use-denied accounts.debts show @3:22 [deny-l4-show]
-- A sum over a partition of one row is the row's value.
select hospital, sum(debts) over (partition by hospital) as debts
from accounts;
