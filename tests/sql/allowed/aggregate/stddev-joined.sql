-- allowed: settlement.cost aggregate:stddev @3:23
-- Across a join of the same people.
SELECT r.home, stddev(s.cost) AS spread
FROM settlement s
JOIN resident r USING (person_id)
GROUP BY r.home;
