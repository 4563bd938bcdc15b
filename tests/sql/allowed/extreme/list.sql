-- allowed: hospital.beds extreme @3:32
-- A list holds every value.
SELECT district, list_max(list(beds)) AS largest
FROM hospital
GROUP BY district;
