-- allowed: settlement.district group @3:8
-- One column of two fields labels by both.
select place, count(*) as n
from (
    select district as place from settlement
    union all
    select hospital from settlement
) both_of_them
group by place;
