-- allowed: resident.person_id link @5:46
-- The correlation of EXISTS.
SELECT count(*) AS n
FROM settlement s
WHERE EXISTS (SELECT 1 FROM resident r WHERE r.person_id = s.person_id AND r.insured);
