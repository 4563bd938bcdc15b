-- refused: use-not-granted area.region link @4:47 [no-match-refuses]
-- What EXCEPT takes away is compared.
SELECT count(*) AS n
FROM (SELECT clinic FROM clinic EXCEPT SELECT region FROM area) t;
