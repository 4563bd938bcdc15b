-- governed
-- protected: refused: set-operation-of-units: rows of sales with one customer and with two are put together before they are averaged
-- en: Items sold in all channels that beat the average, with subtotals
-- zh: 各渠道均有销售且高于平均的商品，含小计
WITH cross_items AS (
  SELECT i_item_sk AS ss_item_sk
  FROM item
  JOIN (
    SELECT i_brand_id, i_class_id, i_category_id FROM store_sales JOIN item ON ss_item_sk = i_item_sk
    INTERSECT
    SELECT i_brand_id, i_class_id, i_category_id FROM catalog_sales JOIN item ON cs_item_sk = i_item_sk
    INTERSECT
    SELECT i_brand_id, i_class_id, i_category_id FROM web_sales JOIN item ON ws_item_sk = i_item_sk
  ) x USING (i_brand_id, i_class_id, i_category_id)
),
avg_sales AS (
  SELECT avg(quantity * list_price) AS average_sales
  FROM (
    SELECT ss_quantity AS quantity, ss_list_price AS list_price FROM store_sales
    UNION ALL
    SELECT cs_quantity, cs_list_price FROM catalog_sales
    UNION ALL
    SELECT ws_quantity, ws_list_price FROM web_sales
  ) x
)
SELECT channel, i_brand_id, sum(sales) AS sum_sales, sum(number_sales) AS number_sales
FROM (
  SELECT 'store' AS channel, i_brand_id, sum(ss_quantity * ss_list_price) AS sales, count(*) AS number_sales
  FROM store_sales JOIN item ON ss_item_sk = i_item_sk
  WHERE ss_item_sk IN (SELECT ss_item_sk FROM cross_items)
  GROUP BY i_brand_id
  HAVING sum(ss_quantity * ss_list_price) > (SELECT average_sales FROM avg_sales)
  UNION ALL
  SELECT 'web', i_brand_id, sum(ws_quantity * ws_list_price), count(*)
  FROM web_sales JOIN item ON ws_item_sk = i_item_sk
  WHERE ws_item_sk IN (SELECT ss_item_sk FROM cross_items)
  GROUP BY i_brand_id
  HAVING sum(ws_quantity * ws_list_price) > (SELECT average_sales FROM avg_sales)
) y
GROUP BY ROLLUP (channel, i_brand_id)
ORDER BY channel, i_brand_id
LIMIT 100
