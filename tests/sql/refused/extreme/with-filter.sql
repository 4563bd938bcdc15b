-- refused: use-denied settlement.own_share extreme @3:12 [deny-l3-extreme]
-- FILTER narrows it further.
SELECT max(own_share) FILTER (WHERE emergency) AS most
FROM settlement;
