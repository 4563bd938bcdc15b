-- refused: use-denied accounts.debts show @3:24 [deny-l4-show]
-- An expression shows the field.
select hospital, round(debts / 1000.0, 0) as thousands
from accounts;
