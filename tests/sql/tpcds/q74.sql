-- governed
-- protected: refused: use-denied: customers are named
-- en: Customers whose web spending grows faster than in stores, by year totals
-- zh: 网上消费增速高于门店的客户（按年合计）
WITH year_total AS (
  SELECT c_customer_id AS customer_id, d_year AS year, sum(ss_net_paid) AS total, 's' AS sale_type
  FROM customer JOIN store_sales ON c_customer_sk = ss_customer_sk JOIN date_dim ON ss_sold_date_sk = d_date_sk
  WHERE d_year IN (2001, 2002)
  GROUP BY ALL
  UNION ALL
  SELECT c_customer_id, d_year, sum(ws_net_paid), 'w'
  FROM customer JOIN web_sales ON c_customer_sk = ws_bill_customer_sk JOIN date_dim ON ws_sold_date_sk = d_date_sk
  WHERE d_year IN (2001, 2002)
  GROUP BY ALL
)
SELECT customer_id
FROM year_total
GROUP BY customer_id
HAVING max(total) FILTER (sale_type = 'w' AND year = 2002) / max(total) FILTER (sale_type = 'w' AND year = 2001)
  > max(total) FILTER (sale_type = 's' AND year = 2002) / max(total) FILTER (sale_type = 's' AND year = 2001)
ORDER BY customer_id
