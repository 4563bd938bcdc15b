-- refused: use-denied accounts.director extreme @3:26 [deny-l3-extreme]
-- ARG_MAX shows its first argument.
select district, arg_max(director, staff) as of_the_largest
from accounts
group by district;
