-- allowed: settlement.ward extreme @3:22
-- People judge it; the use is permitted.
SELECT district, max(ward) AS highest
FROM settlement
GROUP BY district;
