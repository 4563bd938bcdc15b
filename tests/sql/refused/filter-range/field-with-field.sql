-- refused: use-not-granted settlement.own_share filter:range @3:51 [no-match-refuses]
-- The right side of a comparison.
SELECT count(*) AS n FROM settlement WHERE cost > own_share;
