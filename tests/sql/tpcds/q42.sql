-- governed
-- protected: governed
-- en: Categories by sales in one month
-- zh: 某月各类别的销售额
SELECT d_year, i_category_id, i_category, sum(ss_ext_sales_price)
FROM date_dim NATURAL JOIN (SELECT ss_sold_date_sk AS d_date_sk, ss_item_sk, ss_ext_sales_price FROM store_sales) s
JOIN item ON ss_item_sk = i_item_sk
WHERE i_manager_id BETWEEN 1 AND 5 AND d_moy = 11 AND d_year = 2000
GROUP BY d_year, i_category_id, i_category
ORDER BY sum(ss_ext_sales_price) DESC, d_year, i_category_id, i_category
LIMIT 100
