-- refused: use-denied accounts.director show @3:17 [deny-l3-show]
-- One of two values leaves, so both may.
SELECT coalesce(director, office) AS contact
FROM accounts;
