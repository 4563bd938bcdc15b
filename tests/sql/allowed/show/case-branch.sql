-- allowed: hospital.beds show @4:40
-- The value of a branch of CASE leaves.
SELECT hospital,
       CASE WHEN kind = 'general' THEN beds ELSE 0 END AS general_beds
FROM hospital;
