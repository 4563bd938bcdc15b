-- governed
-- protected: governed
-- en: Revenue lost without very small orders of a part
-- zh: 不接极小订单会损失的收入
SELECT sum(l_extendedprice) / 7.0 AS avg_yearly
FROM (
  SELECT l.*, avg(l_quantity) OVER (PARTITION BY l_partkey) AS usual
  FROM lineitem AS l
  WHERE l_partkey IN (SELECT p_partkey FROM part WHERE p_brand = 'Brand#23' AND p_container LIKE '%BOX')
)
WHERE l_quantity < 0.2 * usual
