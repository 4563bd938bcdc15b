-- governed
-- protected: review: extreme-value: the largest spending is one customer's
-- en: What the best customers spend on frequently sold items
-- zh: 最佳客户在热销商品上的消费
WITH frequent_items AS (
  SELECT i_item_sk AS item_sk, d_year AS y, count(*) AS cnt
  FROM store_sales, date_dim, item
  WHERE ss_sold_date_sk = d_date_sk AND ss_item_sk = i_item_sk AND d_year IN (2000, 2001)
  GROUP BY i_item_sk, d_year
  HAVING count(*) > 22
),
spent AS (
  SELECT c_customer_sk, sum(ss_quantity * ss_sales_price) AS ssales
  FROM store_sales JOIN customer ON ss_customer_sk = c_customer_sk
  GROUP BY c_customer_sk
),
best AS (
  SELECT c_customer_sk FROM spent WHERE ssales > 0.5 * (SELECT max(ssales) FROM spent)
)
SELECT sum(sales) AS total
FROM (
  SELECT cs_quantity * cs_list_price AS sales
  FROM catalog_sales
  WHERE cs_item_sk IN (SELECT item_sk FROM frequent_items) AND cs_bill_customer_sk IN (FROM best)
  UNION ALL
  SELECT ws_quantity * ws_list_price
  FROM web_sales
  WHERE ws_item_sk IN (SELECT item_sk FROM frequent_items) AND ws_bill_customer_sk IN (SELECT c_customer_sk FROM best)
)
