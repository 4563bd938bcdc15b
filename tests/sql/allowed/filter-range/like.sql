-- allowed: area.district filter:range @3:45
-- A pattern is a range of texts.
SELECT district, population FROM area WHERE district LIKE 'Y%';
