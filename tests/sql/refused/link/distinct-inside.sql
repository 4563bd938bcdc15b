-- refused: use-not-granted settlement.day link @4:23 [no-match-refuses]
-- Distinct days that are only counted.
SELECT count(*) AS days
FROM (SELECT DISTINCT day FROM settlement) t;
