-- governed
-- protected: review: mixed-condition: who the customer is and what was paid are alternatives together
-- en: Quantity sold under alternatives of people and places
-- zh: 按多种人群与地点条件的销量
SELECT sum(ss_quantity)
FROM store_sales, store, customer_demographics, customer_address, date_dim
WHERE s_store_sk = ss_store_sk AND ss_sold_date_sk = d_date_sk AND d_year = 2000
  AND ((cd_demo_sk = ss_cdemo_sk AND cd_marital_status = 'M' AND cd_education_status = '4 yr Degree'
      AND ss_sales_price BETWEEN 10.00 AND 150.00)
    OR (cd_demo_sk = ss_cdemo_sk AND cd_marital_status = 'D' AND cd_education_status = '2 yr Degree'
      AND ss_sales_price BETWEEN 50.00 AND 100.00))
  AND ((ss_addr_sk = ca_address_sk AND ca_state IN ('CA', 'OH', 'TX') AND ss_net_profit BETWEEN -2000 AND 2000)
    OR (ss_addr_sk = ca_address_sk AND ca_state IN ('KY', 'TN', 'WA') AND ss_net_profit BETWEEN 150 AND 3000))
