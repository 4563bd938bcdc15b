-- allowed: hospital.kind group @3:8
-- The kept side of a RIGHT JOIN labels the cells.
SELECT h.kind, count(c.clinic) AS own
FROM clinic c
RIGHT JOIN hospital h ON h.hospital = c.hospital
GROUP BY h.kind;
