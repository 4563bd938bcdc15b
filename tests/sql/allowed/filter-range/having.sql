-- allowed: hospital.opened filter:range @6:8
-- HAVING compares a label.
SELECT opened, count(*) AS n
FROM hospital
GROUP BY opened
HAVING opened > DATE '2000-01-01';
