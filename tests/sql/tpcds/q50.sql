-- governed
-- protected: governed
-- en: How long returns take, per store
-- zh: 各门店退货所需天数分布
SELECT s_store_name, s_company_id, s_street_number, s_city,
  count_if(sr_returned_date_sk - ss_sold_date_sk <= 30) AS "30 days",
  count_if(sr_returned_date_sk - ss_sold_date_sk > 30 AND sr_returned_date_sk - ss_sold_date_sk <= 60) AS "31-60 days",
  sum((sr_returned_date_sk - ss_sold_date_sk > 60)::int) AS ">60 days"
FROM store_sales, store_returns, store, date_dim d2
WHERE d2.d_year = 2001
  AND ss_ticket_number = sr_ticket_number AND ss_item_sk = sr_item_sk
  AND sr_returned_date_sk = d2.d_date_sk
  AND ss_customer_sk = sr_customer_sk AND ss_store_sk = s_store_sk
GROUP BY s_store_name, s_company_id, s_street_number, s_city
ORDER BY s_store_name, s_company_id, s_street_number, s_city
