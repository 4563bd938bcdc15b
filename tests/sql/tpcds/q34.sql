-- governed
-- protected: refused: rows-of-units: one row per ticket, with the customer's name
-- en: Customers with shopping trips of a certain size
-- zh: 购物次数达到一定规模的客户
SELECT c_last_name, c_first_name, c_salutation, c_preferred_cust_flag, ss_ticket_number, cnt
FROM (
  SELECT ss_ticket_number, ss_customer_sk, count(*) AS cnt
  FROM store_sales, date_dim, store, household_demographics
  WHERE store_sales.ss_sold_date_sk = date_dim.d_date_sk
    AND store_sales.ss_store_sk = store.s_store_sk
    AND store_sales.ss_hdemo_sk = household_demographics.hd_demo_sk
    AND (date_dim.d_dom BETWEEN 1 AND 3 OR date_dim.d_dom BETWEEN 25 AND 28)
    AND hd_buy_potential IN ('>10000', 'Unknown')
    AND hd_vehicle_count > 0
    AND (CASE WHEN hd_vehicle_count > 0 THEN hd_dep_count / hd_vehicle_count END) > 1.2
    AND d_year IN (1999, 1999 + 1, 1999 + 2)
  GROUP BY ss_ticket_number, ss_customer_sk
) dn, customer
WHERE ss_customer_sk = c_customer_sk AND cnt BETWEEN 5 AND 20
ORDER BY c_last_name NULLS LAST, c_first_name NULLS LAST, c_salutation, c_preferred_cust_flag DESC, ss_ticket_number
