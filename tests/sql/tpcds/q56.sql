-- governed
-- protected: refused: set-operation-of-units: store sales have one customer and catalog sales two
-- en: Sales of items of some colors over all channels
-- zh: 若干颜色商品的全渠道销售额
WITH colored AS (SELECT i_item_id FROM item WHERE i_color IN ('slate', 'pale', 'orchid')),
sold AS (
  SELECT ss_item_sk AS item_sk, ss_ext_sales_price AS price, ss_sold_date_sk AS date_sk, ss_addr_sk AS addr_sk
  FROM store_sales
  UNION ALL BY NAME
  SELECT cs_bill_addr_sk AS addr_sk, cs_item_sk AS item_sk, cs_ext_sales_price AS price, cs_sold_date_sk AS date_sk
  FROM catalog_sales
)
SELECT i_item_id, sum(price) AS total_sales
FROM sold
JOIN item ON i_item_sk = item_sk
JOIN date_dim ON d_date_sk = date_sk
JOIN customer_address ON ca_address_sk = addr_sk
WHERE i_item_id IN (SELECT i_item_id FROM colored) AND d_year = 2001 AND d_moy = 2 AND ca_gmt_offset = -5
GROUP BY i_item_id
ORDER BY total_sales, i_item_id
