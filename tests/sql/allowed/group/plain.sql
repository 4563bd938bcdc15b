-- allowed: settlement.district group @3:8
-- The commonest table: cells by district.
SELECT district, count(*) AS bills
FROM settlement
GROUP BY district;
