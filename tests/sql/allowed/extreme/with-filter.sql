-- allowed: hospital.beds extreme @3:22
-- FILTER decides which rows are looked at.
SELECT district, max(beds) FILTER (WHERE kind = 'general') AS beds
FROM hospital
GROUP BY ALL;
