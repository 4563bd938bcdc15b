-- governed
-- protected: governed
-- en: Managers whose months stray from their average
-- zh: 月销售偏离平均值的经理
SELECT i_manager_id, d_moy, sum(ss_sales_price) AS sum_sales,
  avg(sum(ss_sales_price)) OVER (PARTITION BY i_manager_id) AS avg_monthly_sales
FROM item
JOIN store_sales ON ss_item_sk = i_item_sk
JOIN date_dim ON ss_sold_date_sk = d_date_sk
JOIN store ON ss_store_sk = s_store_sk
WHERE d_month_seq IN (1200, 1201, 1202, 1203)
GROUP BY i_manager_id, d_moy
QUALIFY abs(sum(ss_sales_price) - avg(sum(ss_sales_price)) OVER (PARTITION BY i_manager_id))
  / nullif(avg(sum(ss_sales_price)) OVER (PARTITION BY i_manager_id), 0) > 0.1
ORDER BY i_manager_id, avg_monthly_sales, sum_sales
