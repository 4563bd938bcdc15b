-- allowed: area.density filter:range @4:7
-- Compared with a mean.
SELECT district FROM area
WHERE density > (SELECT 2 * avg(population) FROM area);
