-- refused: use-denied accounts.director show @4:6 [deny-l3-show]
-- A star shows what it stands for, at the place of the table.
SELECT * EXCLUDE (debts)
FROM accounts;
