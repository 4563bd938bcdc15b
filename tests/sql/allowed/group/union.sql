-- allowed: area.district group @3:8
-- UNION makes rows distinct: their values are labels.
SELECT district FROM area
UNION
SELECT district FROM hospital;
