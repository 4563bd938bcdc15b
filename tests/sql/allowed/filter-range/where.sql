-- allowed: settlement.age filter:range @3:44
-- Above a bound.
SELECT count(*) AS n FROM settlement WHERE age >= 65;
