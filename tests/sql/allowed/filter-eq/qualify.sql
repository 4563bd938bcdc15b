-- allowed: hospital.kind filter:eq @5:9
-- A condition in QUALIFY.
SELECT hospital
FROM hospital
QUALIFY kind = 'general' AND row_number() OVER (ORDER BY rating DESC) <= 3;
