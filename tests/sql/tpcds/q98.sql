-- governed
-- protected: governed
-- en: Store revenue per item and its share of the class
-- zh: 门店各商品收入及其在类别中的占比
SELECT i_item_id, i_item_desc, i_category, i_class, i_current_price,
  sum(ss_ext_sales_price) AS itemrevenue,
  sum(ss_ext_sales_price) * 100.0000 / sum(sum(ss_ext_sales_price)) OVER (PARTITION BY i_class) AS revenueratio
FROM store_sales
JOIN item ON ss_item_sk = i_item_sk
JOIN date_dim ON ss_sold_date_sk = d_date_sk
WHERE i_category IN ('Jewelry', 'Sports', 'Books')
  AND d_date BETWEEN CAST('2001-01-12' AS date) AND (CAST('2001-01-12' AS date) + INTERVAL '30' DAY)
GROUP BY i_item_id, i_item_desc, i_category, i_class, i_current_price
ORDER BY i_category, i_class, i_item_id, i_item_desc, revenueratio
