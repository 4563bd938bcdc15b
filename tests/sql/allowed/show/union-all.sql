-- allowed: hospital.district show @5:8
-- Each side of UNION ALL shows what it selects.
SELECT district FROM area
UNION ALL
SELECT district FROM hospital;
