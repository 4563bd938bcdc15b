-- refused: use-not-granted settlement.age filter:eq @3:22 [no-match-refuses]
-- In CASE.
SELECT sum(CASE WHEN age = 42 THEN cost END) AS at_42
FROM settlement;
