-- allowed: hospital.rating extreme @6:14
-- Only in ORDER BY.
SELECT district
FROM hospital
GROUP BY district
ORDER BY max(rating) DESC NULLS LAST;
