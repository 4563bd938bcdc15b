-- refused: use-not-granted settlement.day filter:eq @5:7 [no-match-refuses]
-- A range is held, one day is not.
SELECT count(*) AS n
FROM settlement
WHERE day = DATE '2025-01-01';
