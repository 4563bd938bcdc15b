-- governed
-- protected: governed
-- en: Monthly web and catalog sales per warehouse, as columns
-- zh: 各仓库网上与目录销售的逐月列表
WITH shipped AS (
  SELECT ws_warehouse_sk AS warehouse_sk, ws_sold_date_sk AS date_sk, ws_sold_time_sk AS time_sk,
    ws_ship_mode_sk AS mode_sk, ws_ext_sales_price * ws_quantity AS sales
  FROM web_sales
  UNION ALL
  SELECT cs_warehouse_sk, cs_sold_date_sk, cs_sold_time_sk, cs_ship_mode_sk, cs_sales_price * cs_quantity
  FROM catalog_sales
)
SELECT w_warehouse_name, w_warehouse_sq_ft, w_state, 'DHL,BARIAN' AS ship_carriers, d_year AS year,
  sum(CASE WHEN d_moy = 1 THEN sales ELSE 0 END) AS jan_sales,
  sum(CASE WHEN d_moy = 6 THEN sales ELSE 0 END) AS jun_sales,
  sum(CASE WHEN d_moy = 12 THEN sales ELSE 0 END) AS dec_sales,
  sum(CASE WHEN d_moy = 12 THEN sales ELSE 0 END) / w_warehouse_sq_ft AS dec_sales_per_sq_foot
FROM shipped
JOIN warehouse ON warehouse_sk = w_warehouse_sk
JOIN date_dim ON date_sk = d_date_sk
JOIN time_dim ON time_sk = t_time_sk
JOIN ship_mode ON mode_sk = sm_ship_mode_sk
WHERE d_year = 2001 AND t_time BETWEEN 30838 AND 30838 + 28800 AND sm_carrier IN ('DHL', 'BARIAN')
GROUP BY w_warehouse_name, w_warehouse_sq_ft, w_state, d_year
ORDER BY w_warehouse_name
