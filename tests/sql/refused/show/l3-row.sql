-- refused: use-denied accounts.director show @3:18 [deny-l3-show]
-- L3 leaves in aggregates only, also where no subject is protected.
SELECT hospital, director
FROM accounts;
