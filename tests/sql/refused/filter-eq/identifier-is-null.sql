-- refused: use-denied settlement.person_id filter:eq @3:49 [deny-identifier-filter]
-- Whether someone is known.
SELECT count(*) AS nobody FROM settlement WHERE person_id IS NULL;
