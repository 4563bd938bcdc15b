-- governed
-- protected: governed
-- en: Market share of Brazil in America for one kind of part
-- zh: 某类零件中巴西在美洲的市场份额
WITH all_nations AS (
  SELECT year(o_orderdate) AS o_year,
         l_extendedprice * (1 - l_discount) AS volume,
         n2.n_name AS nation
  FROM part
  JOIN lineitem ON p_partkey = l_partkey
  JOIN supplier ON s_suppkey = l_suppkey
  JOIN orders ON l_orderkey = o_orderkey
  JOIN customer ON o_custkey = c_custkey
  JOIN nation n1 ON c_nationkey = n1.n_nationkey
  JOIN region ON n1.n_regionkey = r_regionkey
  JOIN nation n2 ON s_nationkey = n2.n_nationkey
  WHERE r_name = 'AMERICA'
    AND o_orderdate BETWEEN '1995-01-01' AND '1996-12-31'
    AND p_type LIKE 'ECONOMY%STEEL'
)
SELECT o_year,
       round(sum(volume) FILTER (WHERE nation = 'BRAZIL') / sum(volume), 4) AS mkt_share
FROM all_nations
GROUP BY 1
ORDER BY 1
