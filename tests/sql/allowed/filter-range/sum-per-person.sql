-- allowed: settlement.cost filter:range @5:7
-- A sum over one person's rows is still that person's value.
SELECT count(*) AS dear_people
FROM (SELECT person_id, sum(cost) AS c FROM settlement GROUP BY person_id)
WHERE c > 5000;
