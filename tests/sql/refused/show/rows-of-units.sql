-- refused: use-denied settlement.ward show @3:8 [deny-l2-rows]
-- An L2 field about subjects does not leave row by row.
SELECT ward
FROM settlement
WHERE emergency;
