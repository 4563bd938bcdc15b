-- governed
-- protected: governed
-- en: Items that sell about the same in every channel in a month
-- zh: 某月各渠道销售额相近的商品
with ss_items as (
  select i_item_id as item_id, sum(ss_ext_sales_price) as ss_item_rev
  from store_sales, item, date_dim
  where ss_item_sk = i_item_sk and ss_sold_date_sk = d_date_sk
    and d_month_seq in (select d_month_seq from date_dim where d_date = '2000-01-03')
  group by i_item_id
),
cs_items as (
  select i_item_id as item_id, sum(cs_ext_sales_price) as cs_item_rev
  from catalog_sales, item, date_dim
  where cs_item_sk = i_item_sk and cs_sold_date_sk = d_date_sk
    and d_month_seq in (select d_month_seq from date_dim where d_date = '2000-01-03')
  group by i_item_id
)
select ss_items.item_id, ss_item_rev, cs_item_rev, (ss_item_rev + cs_item_rev) / 2 as average,
  ss_item_rev / ((ss_item_rev + cs_item_rev) / 2) * 100 as ss_dev
from ss_items join cs_items using (item_id)
where ss_item_rev between 0.3 * cs_item_rev and 3 * cs_item_rev
order by item_id, ss_item_rev
