-- governed
-- protected: governed
-- en: Parts that make up much of a nation's stock value
-- zh: 占一国库存价值较大的零件
WITH stock AS (
  SELECT ps_partkey, ps_supplycost * ps_availqty AS value
  FROM partsupp
  JOIN supplier ON ps_suppkey = s_suppkey
  JOIN nation ON s_nationkey = n_nationkey
  WHERE n_name = 'GERMANY'
)
SELECT ps_partkey, sum(value) AS value
FROM stock
GROUP BY ps_partkey
HAVING sum(stock.value) > (SELECT sum(value) * 0.01 FROM stock)
ORDER BY value DESC, ps_partkey
