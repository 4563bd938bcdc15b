-- refused: use-not-granted settlement.own_share aggregate:avg @3:22 [no-match-refuses]
-- FILTER changes nothing about the argument.
SELECT district, avg(own_share) FILTER (WHERE sex = 'm') AS men
FROM settlement
GROUP BY district;
