-- allowed: hospital.beds filter:range @3:40
-- The order of a window does too.
SELECT hospital, rank() OVER (ORDER BY beds DESC) AS place
FROM hospital;
