-- governed
-- protected: refused: mixed-units: a web sale belongs to the one who pays and to the one who receives; only one is the customer outside
-- en: Demographics of customers who bought in a store and elsewhere
-- zh: 既在门店又在其他渠道购物的客户的人口特征
SELECT cd_gender, cd_marital_status, cd_education_status, count(*) AS cnt1, cd_credit_rating, count(*) AS cnt2
FROM customer c
JOIN customer_address ca ON c.c_current_addr_sk = ca.ca_address_sk
JOIN customer_demographics ON cd_demo_sk = c.c_current_cdemo_sk
WHERE ca_county IN ('Rush County', 'Walker County', 'Daviess County')
  AND EXISTS (
    SELECT * FROM store_sales, date_dim
    WHERE c.c_customer_sk = ss_customer_sk AND ss_sold_date_sk = d_date_sk AND d_year = 2002 AND d_moy BETWEEN 1 AND 4
  )
  AND (
    EXISTS (
      SELECT * FROM web_sales, date_dim
      WHERE c.c_customer_sk = ws_bill_customer_sk AND ws_sold_date_sk = d_date_sk AND d_year = 2002
    )
    OR EXISTS (
      SELECT * FROM catalog_sales, date_dim
      WHERE c.c_customer_sk = cs_ship_customer_sk AND cs_sold_date_sk = d_date_sk AND d_year = 2002
    )
  )
GROUP BY cd_gender, cd_marital_status, cd_education_status, cd_credit_rating
ORDER BY ALL
LIMIT 100
