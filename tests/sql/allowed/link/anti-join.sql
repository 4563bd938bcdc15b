-- allowed: hospital.hospital link @5:25
-- Those that the other table lacks.
SELECT c.clinic
FROM clinic c
ANTI JOIN hospital h ON h.hospital = c.hospital;
