-- allowed: settlement.sex filter:eq @4:31
-- A condition in FILTER.
SELECT district,
       count(*) FILTER (WHERE sex = 'f') AS women,
       count(*)                           AS everyone
FROM settlement
GROUP BY district;
