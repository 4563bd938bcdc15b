-- refused: use-not-granted area.region link @5:12 [no-match-refuses]
-- A set operation whose values are only counted.
select count(*) as common
from (
    select region from area
    intersect
    select clinic from clinic
) t;
