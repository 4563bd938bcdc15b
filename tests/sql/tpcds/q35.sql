-- governed
-- protected: refused: set-operation-of-units: removing duplicates among customers of two channels shows who is in both
-- en: Dependents of customers who buy in a store and elsewhere
-- zh: 既在门店又在其他渠道购物的客户的家属情况
select ca_state, cd_gender, cd_marital_status, count(*) as cnt, min(cd_dep_count), max(cd_dep_count), avg(cd_dep_count),
  max(cd_dep_employed_count), sum(cd_dep_college_count)
from customer c
inner join customer_address ca on c.c_current_addr_sk = ca.ca_address_sk
inner join customer_demographics on cd_demo_sk = c.c_current_cdemo_sk
semi join (
  select ss_customer_sk from store_sales join date_dim on ss_sold_date_sk = d_date_sk where d_year = 2002 and d_qoy < 4
) s on s.ss_customer_sk = c.c_customer_sk
where c.c_customer_sk in (select ws_bill_customer_sk from web_sales union select cs_ship_customer_sk from catalog_sales)
group by ca_state, cd_gender, cd_marital_status
order by ca_state nulls last, cd_gender, cd_marital_status
