-- refused: use-denied resident.phone group @3:8 [deny-identifier-group]
-- A join brings the identifier in.
SELECT r.phone, count(*) AS bills
FROM settlement AS s
INNER JOIN resident AS r ON r.person_id = s.person_id
GROUP BY r.phone;
