-- governed
-- protected: refused: use-denied: the label is a part of a telephone number
-- en: Wealthy customers without orders, by country code
-- zh: 余额较高却没有订单的客户，按国家代码
SELECT cntrycode, count(*) AS numcust, sum(c_acctbal) AS totacctbal
FROM (
  SELECT c.c_phone[1:2] AS cntrycode, c.c_acctbal
  FROM customer AS c
  ANTI JOIN orders AS o ON o.o_custkey = c.c_custkey
  WHERE cntrycode IN ('13', '31', '23', '29', '30', '18', '17')
    AND c.c_acctbal > (
      SELECT avg(c_acctbal) FROM customer
      WHERE c_acctbal > 0.00 AND substring(c_phone FROM 1 FOR 2) IN ('13', '31', '23', '29', '30', '18', '17')
    )
) AS custsale
GROUP BY cntrycode
ORDER BY cntrycode
