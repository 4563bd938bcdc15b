-- governed
-- protected: governed
-- en: Sales of music items over all channels
-- zh: 音乐类商品的全渠道销售额
with music as (select i_item_id from item where i_category = 'Music')
select i_item_id, sum(total) as total_sales
from (
  select i_item_id, sum(ss_ext_sales_price) as total
  from store_sales, item, date_dim, customer_address
  where i_item_id in (from music) and ss_item_sk = i_item_sk and ss_sold_date_sk = d_date_sk and d_year = 1998
    and d_moy between 7 and 9 and ss_addr_sk = ca_address_sk and ca_gmt_offset = -5
  group by i_item_id
  union all
  select i_item_id, sum(ws_ext_sales_price)
  from web_sales, item, date_dim, customer_address
  where i_item_id in (from music) and ws_item_sk = i_item_sk and ws_sold_date_sk = d_date_sk and d_year = 1998
    and d_moy between 7 and 9 and ws_bill_addr_sk = ca_address_sk and ca_gmt_offset = -5
  group by i_item_id
) as t
group by i_item_id
order by i_item_id, total_sales
