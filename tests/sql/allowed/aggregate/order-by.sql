-- allowed: settlement.cost aggregate:sum @6:14
-- The cells are put in order by a number that is not shown.
SELECT district
FROM settlement
GROUP BY district
ORDER BY sum(cost) DESC;
