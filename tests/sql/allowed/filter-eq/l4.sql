-- allowed: settlement.diagnosis filter:eq @5:7
-- An L4 field may decide who is counted.
SELECT district, count(*) AS n
FROM settlement
WHERE diagnosis = 'asthma'
GROUP BY district;
