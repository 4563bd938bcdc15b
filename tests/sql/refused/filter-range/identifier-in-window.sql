-- refused: use-denied resident.phone filter:range @5:63 [deny-identifier-filter]
-- An order over an identifier, within one person's rows.
SELECT count(*) AS n
FROM (
    SELECT row_number() OVER (PARTITION BY person_id ORDER BY phone) AS r
    FROM resident
) t
WHERE r = 1;
