-- refused: use-denied settlement.diagnosis group @3:19 [deny-l4-group]
-- A chapter of the catalog of diseases is made of the field.
SELECT upper(left(diagnosis, 1)) AS chapter, count(*) AS n
FROM settlement
GROUP BY ALL;
