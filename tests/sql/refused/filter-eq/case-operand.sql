-- refused: use-not-granted settlement.ward filter:eq @3:17 [no-match-refuses]
-- The operand of CASE.
SELECT sum(CASE ward WHEN 1 THEN cost END) AS first_ward FROM settlement;
