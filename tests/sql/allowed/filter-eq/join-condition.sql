-- allowed: resident.home filter:eq @7:6
-- A constant beside the key of a join.
select count(*) as n
from settlement s
join resident r
  on r.person_id = s.person_id
 and r.home = 'Yuhang';
