-- allowed: hospital.kind group @3:18
-- All of them.
SELECT district, kind, avg(rating) AS stars
FROM hospital
GROUP BY CUBE (district, kind);
