-- governed
-- protected: refused: mixed-units: a web sale belongs to two customers; only one is the customer outside
-- en: Demographics of customers who buy in stores only
-- zh: 只在门店购物的客户的人口特征
select cd_gender, cd_marital_status, cd_education_status, count(*) as cnt, cd_purchase_estimate, count(*) as cnt2
from customer c
join customer_address ca on c.c_current_addr_sk = ca.ca_address_sk
join customer_demographics on cd_demo_sk = c.c_current_cdemo_sk
where ca_state in ('KY', 'GA', 'TX')
  and exists (select * from store_sales, date_dim where c.c_customer_sk = ss_customer_sk
    and ss_sold_date_sk = d_date_sk and d_year = 2001 and d_moy between 4 and 4 + 2)
  and not exists (select * from web_sales, date_dim where c.c_customer_sk = ws_bill_customer_sk
    and ws_sold_date_sk = d_date_sk and d_year = 2001 and d_moy between 4 and 4 + 2)
  and not exists (select * from catalog_sales, date_dim where c.c_customer_sk = cs_ship_customer_sk
    and cs_sold_date_sk = d_date_sk and d_year = 2001 and d_moy between 4 and 4 + 2)
group by cd_gender, cd_marital_status, cd_education_status, cd_purchase_estimate
order by cd_gender, cd_marital_status, cd_education_status, cd_purchase_estimate
