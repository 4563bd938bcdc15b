-- allowed: settlement.person_id link @4:54
-- A GROUP BY whose key stays in.
SELECT avg(c) AS mean
FROM (SELECT sum(cost) AS c FROM settlement GROUP BY person_id) t;
