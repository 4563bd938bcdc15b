-- governed
-- protected: governed
-- en: Averages of catalog sales by place of the customer, with all subtotals
-- zh: 目录销售按客户所在地的平均值及各级小计
SELECT i_category, ca_country, ca_state, ca_county,
  avg(CAST(cs_quantity AS decimal(12, 2))) AS agg1, avg(CAST(cs_list_price AS decimal(12, 2))) AS agg2,
  avg(CAST(c_birth_year AS decimal(12, 2))) AS agg3, avg(cd1.cd_dep_count::decimal(12, 2)) AS agg4
FROM catalog_sales, customer_demographics cd1, customer_demographics cd2, customer, customer_address, date_dim, item
WHERE cs_sold_date_sk = d_date_sk AND cs_item_sk = i_item_sk
  AND cs_bill_cdemo_sk = cd1.cd_demo_sk AND cs_bill_customer_sk = c_customer_sk
  AND cd1.cd_gender = 'F' AND c_current_cdemo_sk = cd2.cd_demo_sk
  AND c_current_addr_sk = ca_address_sk AND c_birth_month IN (1, 6, 8, 9, 12, 2) AND d_year = 1998
  AND i_category IS NOT NULL AND ca_state IS NOT NULL
GROUP BY ROLLUP (i_category, ca_country, ca_state, ca_county)
ORDER BY ca_country NULLS FIRST, ca_state NULLS FIRST, ca_county NULLS FIRST, i_category NULLS FIRST
LIMIT 100
