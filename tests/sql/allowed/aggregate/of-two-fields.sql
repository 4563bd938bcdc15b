-- allowed: settlement.admitted aggregate:avg @3:40
-- A difference spends the rights of both fields.
SELECT hospital, avg(date_diff('hour', admitted, discharged)) AS hours
FROM settlement
GROUP BY hospital;
