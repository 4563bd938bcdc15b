-- allowed: settlement.age filter:range @3:22
-- In CASE.
SELECT avg(CASE WHEN age < 18 THEN cost END) AS children
FROM settlement;
