-- allowed: hospital.beds extreme @3:28
-- ANY_VALUE shows a value as it is.
SELECT district, any_value(beds) AS beds
FROM hospital
GROUP BY district;
