-- allowed: settlement.sex group @4:8
-- GROUP BY ALL groups by what is not aggregated.
FROM settlement
SELECT sex, avg(cost) AS mean
GROUP BY ALL;
