-- refused: use-denied accounts.debts show @3:30 [deny-l4-show]
-- A window function shows a value of another row.
select hospital, first_value(debts) over (partition by district order by staff desc) as of_the_largest
from accounts;
