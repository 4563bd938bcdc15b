-- refused: use-denied resident.phone extreme @3:25 [deny-identifier-extreme]
-- All identifiers in one text.
SELECT home, string_agg(phone::VARCHAR, ',') AS phones
FROM resident
GROUP BY home;
