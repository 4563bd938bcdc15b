-- allowed: hospital.district group @5:8
-- So does INTERSECT, on both sides.
SELECT district FROM area
INTERSECT
SELECT district FROM hospital;
