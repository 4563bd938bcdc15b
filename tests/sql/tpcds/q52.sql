-- governed
-- protected: governed
-- en: Brands by sales in one month
-- zh: 某月各品牌的销售额
SELECT dt.d_year, item.i_brand_id AS brand_id, item.i_brand AS brand, SUM(ss_ext_sales_price) AS ext_price
FROM date_dim AS dt, store_sales, item
WHERE dt.d_date_sk = store_sales.ss_sold_date_sk AND store_sales.ss_item_sk = item.i_item_sk
  AND item.i_manager_id IN (1, 2, 3) AND dt.d_moy = 11 AND dt.d_year = 2000
GROUP BY 1, 2, 3
ORDER BY 1, 4 DESC, 2
LIMIT 100
