-- allowed: resident.insured filter:eq @5:79
-- Inside EXISTS, about the same person.
SELECT count(*) AS n
FROM settlement AS s
WHERE EXISTS (SELECT 1 FROM resident AS r WHERE r.person_id = s.person_id AND r.insured);
