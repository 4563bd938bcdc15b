-- allowed: hospital.beds show @3:18
-- Every row with every row.
SELECT a.region, h.beds
FROM area a
CROSS JOIN hospital h;
