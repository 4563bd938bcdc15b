-- allowed: hospital.district link @4:47
-- What EXCEPT takes away is compared.
SELECT count(*) AS without_hospital
FROM (SELECT district FROM area EXCEPT SELECT district FROM hospital) t;
