-- allowed: area.population show @4:6
-- A star stands for its columns at the place of the table.
SELECT * EXCLUDE (density, seat)
FROM area;
