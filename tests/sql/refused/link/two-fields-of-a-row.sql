-- refused: use-not-granted settlement.discharged link @3:55 [no-match-refuses]
-- Two fields of one row.
SELECT count(*) AS n FROM settlement WHERE admitted = discharged;
