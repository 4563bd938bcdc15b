-- allowed: settlement.age group @3:18
-- A band made by CASE is a label of the field that decides it.
SELECT CASE WHEN age < 40 THEN 'young' ELSE 'old' END AS band,
       count(*) AS n
FROM settlement
GROUP BY band;
