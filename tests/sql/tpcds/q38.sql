-- governed
-- protected: governed
-- en: People who bought on the same day in all three channels
-- zh: 同月在三个渠道均有购物的人数
SELECT count(*)
FROM (
  SELECT DISTINCT c_last_name, c_first_name, d_month_seq
  FROM store_sales, date_dim, customer
  WHERE ss_sold_date_sk = d_date_sk AND ss_customer_sk = c_customer_sk AND d_month_seq BETWEEN 1200 AND 1211
  INTERSECT
  SELECT DISTINCT c_last_name, c_first_name, d_month_seq
  FROM catalog_sales, date_dim, customer
  WHERE cs_sold_date_sk = d_date_sk AND cs_bill_customer_sk = c_customer_sk AND d_month_seq BETWEEN 1200 AND 1211
  INTERSECT
  SELECT DISTINCT c_last_name, c_first_name, d_month_seq
  FROM web_sales, date_dim, customer
  WHERE ws_sold_date_sk = d_date_sk AND ws_bill_customer_sk = c_customer_sk AND d_month_seq BETWEEN 1200 AND 1211
) hot_cust
