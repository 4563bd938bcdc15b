-- refused: use-denied accounts.director show @3:17 [deny-l3-show]
-- A struct carries the value.
select ({'who': director}).who as who
from accounts;
