-- allowed: settlement.person_id link @5:7
-- A join written as a condition.
SELECT count(*) AS n
FROM settlement AS s, resident AS r
WHERE s.person_id = r.person_id;
