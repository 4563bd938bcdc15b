-- title: The flights of one day, row by row / 某日航班逐行
-- expect: refused rows-of-units
-- at: 4:8
select carrier, flight, origin, dest, dep_delay
from flights
where month = 2 and day = 8
