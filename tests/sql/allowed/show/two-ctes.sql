-- allowed: hospital.beds show @9:11
-- Through two WITH queries, under another name.
with all_of_them as (
    select hospital as h, beds as b from hospital
),
large as (
    select h, b from all_of_them where b > 100
)
select h, b
from large;
