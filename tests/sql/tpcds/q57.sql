-- governed
-- protected: governed
-- en: Months in which a call center's brand strays from its average, with its neighbours
-- zh: 呼叫中心品牌偏离均值的月份及其前后月
SELECT *
FROM (
  SELECT i_category, i_brand, cc_name, d_year, d_moy,
    avg(sum(cs_sales_price)) OVER (PARTITION BY i_category, i_brand, cc_name, d_year) AS avg_monthly_sales,
    sum(cs_sales_price) AS sum_sales,
    lag(sum(cs_sales_price)) OVER w AS psum,
    lead(sum(cs_sales_price)) OVER w AS nsum
  FROM item, catalog_sales, date_dim, call_center
  WHERE cs_item_sk = i_item_sk AND cs_sold_date_sk = d_date_sk AND cc_call_center_sk = cs_call_center_sk
    AND (d_year = 1999 OR (d_year = 1998 AND d_moy = 12) OR (d_year = 2000 AND d_moy = 1))
  GROUP BY i_category, i_brand, cc_name, d_year, d_moy
  WINDOW w AS (PARTITION BY i_category, i_brand, cc_name ORDER BY d_year, d_moy)
)
WHERE d_year = 1999 AND avg_monthly_sales > 0 AND psum IS NOT NULL AND nsum IS NOT NULL
  AND abs(sum_sales - avg_monthly_sales) / avg_monthly_sales > 0.1
ORDER BY sum_sales - avg_monthly_sales, cc_name, i_category, i_brand, d_moy
LIMIT 50
