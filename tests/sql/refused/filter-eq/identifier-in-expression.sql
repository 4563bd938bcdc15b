-- refused: use-denied settlement.person_id filter:eq @3:48 [deny-identifier-filter]
-- Arithmetic hides no identifier.
SELECT avg(cost) AS mean FROM settlement WHERE person_id + 1 = 43;
