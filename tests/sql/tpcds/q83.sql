-- governed
-- protected: governed
-- en: Returned quantities per item in all channels, with each channel's share
-- zh: 各渠道商品退货数量及占比
with dates as (
  select d_date_sk from date_dim where d_month_seq in (select d_month_seq from date_dim where d_date in ('2000-06-30', '2000-09-27', '2000-11-17'))
),
sr_items as (
  select i_item_id as item_id, sum(sr_return_quantity) as sr_item_qty
  from store_returns, item
  where sr_item_sk = i_item_sk and sr_returned_date_sk in (select d_date_sk from dates)
  group by i_item_id
),
cr_items as (
  select i_item_id as item_id, sum(cr_return_quantity) as cr_item_qty
  from catalog_returns, item
  where cr_item_sk = i_item_sk and cr_returned_date_sk in (select d_date_sk from dates)
  group by i_item_id
)
select sr_items.item_id, sr_item_qty, sr_item_qty * 1.0 / (sr_item_qty + cr_item_qty) / 2.0 * 100 as sr_dev,
  cr_item_qty, (sr_item_qty + cr_item_qty) / 2.0 as average
from sr_items, cr_items
where sr_items.item_id = cr_items.item_id
order by sr_items.item_id, sr_item_qty
