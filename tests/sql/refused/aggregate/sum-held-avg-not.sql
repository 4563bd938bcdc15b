-- refused: use-not-granted settlement.own_share aggregate:avg @3:37 [no-match-refuses]
-- The sum is held, the mean is not.
SELECT sum(own_share) AS total, avg(own_share) AS mean
FROM settlement;
