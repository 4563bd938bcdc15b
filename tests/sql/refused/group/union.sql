-- refused: use-denied accounts.debts group @5:8 [deny-l4-group]
-- UNION makes labels of the second side too.
SELECT district FROM area
UNION
SELECT debts::VARCHAR FROM accounts;
