-- governed
-- protected: governed
-- en: Sales of electronics by manufacturer over all channels
-- zh: 各制造商电子类商品的全渠道销售额
with makers as (select distinct i_manufact_id from item where i_category in ('Electronics')),
ss as (
  select i_manufact_id, sum(ss_ext_sales_price) as total_sales
  from store_sales
  join date_dim on ss_sold_date_sk = d_date_sk and d_year = 1998 and d_moy = 5
  join customer_address on ss_addr_sk = ca_address_sk and ca_gmt_offset = -5
  join item on ss_item_sk = i_item_sk
  where i_manufact_id in (select i_manufact_id from makers)
  group by i_manufact_id
),
cs as (
  select i_manufact_id, sum(cs_ext_sales_price) as total_sales
  from catalog_sales
  join date_dim on cs_sold_date_sk = d_date_sk and d_year = 1998 and d_moy = 5
  join customer_address on cs_bill_addr_sk = ca_address_sk and ca_gmt_offset = -5
  join item on cs_item_sk = i_item_sk
  where i_manufact_id in (select i_manufact_id from makers)
  group by i_manufact_id
)
select i_manufact_id, sum(total_sales) as total_sales
from (select * from ss union all select * from cs) as tmp1
group by i_manufact_id
order by total_sales, i_manufact_id
