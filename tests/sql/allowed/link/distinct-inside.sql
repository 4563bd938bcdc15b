-- allowed: settlement.district link @4:23
-- Distinct values that are only counted.
SELECT count(*) AS districts
FROM (SELECT DISTINCT district FROM settlement) t;
