-- allowed: settlement.discharged filter:eq @5:7
-- Whether there is a value.
SELECT district, count(*) AS still_there
FROM settlement
WHERE discharged IS NULL
GROUP BY district;
