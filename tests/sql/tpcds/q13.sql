-- governed
-- protected: governed
-- en: Averages under alternatives of household, income and state
-- zh: 按家庭、收入和所在州的多种条件求平均
select avg(ss_quantity), avg(ss_ext_sales_price), avg(ss_ext_wholesale_cost), sum(ss_ext_wholesale_cost)
from store_sales, store, customer_demographics, household_demographics, customer_address, date_dim
where s_store_sk = ss_store_sk and ss_sold_date_sk = d_date_sk and d_year = 2001
  and ((ss_hdemo_sk = hd_demo_sk and cd_demo_sk = ss_cdemo_sk and cd_marital_status = 'M'
      and cd_education_status = 'Advanced Degree' and ss_sales_price between 10.00 and 150.00 and hd_dep_count < 5)
    or (ss_hdemo_sk = hd_demo_sk and cd_demo_sk = ss_cdemo_sk and cd_marital_status = 'S'
      and cd_education_status = 'College' and ss_sales_price between 50.00 and 100.00 and hd_dep_count > 1))
  and ((ss_addr_sk = ca_address_sk and ca_country = 'United States' and ca_state in ('TX', 'OH'))
    or (ss_addr_sk = ca_address_sk and ca_country = 'United States' and ca_state in ('KY', 'GA', 'CA')))
