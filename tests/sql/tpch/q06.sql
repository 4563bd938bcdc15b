-- governed
-- protected: governed
-- en: Revenue gained if small discounts were dropped
-- zh: 取消小额折扣可增加的收入
SELECT sum(l_extendedprice * l_discount) AS revenue
FROM lineitem
WHERE year(l_shipdate) = 1994
  AND l_discount BETWEEN 0.06 - 0.01 AND 0.06 + 0.01
  AND l_quantity < 24
