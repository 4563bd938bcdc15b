-- refused: use-not-granted settlement.age aggregate:sum @3:19 [no-match-refuses]
-- A product takes the rights of both factors.
SELECT sum(cost * age) AS weighted FROM settlement;
