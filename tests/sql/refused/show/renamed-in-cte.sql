-- refused: use-denied accounts.director show @6:14 [deny-l3-show]
-- Another name in a WITH query hides nothing.
with t as (
    select director as office, staff from accounts
)
select upper(office) as office, staff
from t;
