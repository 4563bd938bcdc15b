-- allowed: hospital.opened show @3:18
-- Rows in an order, and only five of them.
SELECT hospital, opened
FROM hospital
ORDER BY rating DESC
LIMIT 5;
