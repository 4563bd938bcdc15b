-- allowed: settlement.hospital filter:eq @5:7
-- One of several constants.
select hospital, count(*) as n
from settlement
where hospital in ('First', 'Second')
group by all;
