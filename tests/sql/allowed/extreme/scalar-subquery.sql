-- allowed: hospital.beds extreme @5:26
-- The largest value, to compare rows with.
SELECT hospital
FROM hospital
WHERE beds = (SELECT max(beds) FROM hospital);
