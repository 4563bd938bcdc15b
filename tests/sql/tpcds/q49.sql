-- governed
-- protected: review: outer-join-of-units: the return is joined by order, not by customer
-- en: Items with the worst ratio of returns in each channel
-- zh: 各渠道退货率最差的商品
with web as (
  select ws_item_sk as item,
    sum(coalesce(wr_return_quantity, 0))::decimal(15, 4) / sum(coalesce(ws_quantity, 0)) as return_ratio,
    sum(coalesce(wr_return_amt, 0)) / sum(ws_net_paid) as currency_ratio
  from web_sales left join web_returns on ws_order_number = wr_order_number and ws_item_sk = wr_item_sk
  join date_dim on ws_sold_date_sk = d_date_sk
  where wr_return_amt > 100 and ws_net_profit > 1 and ws_net_paid > 0 and ws_quantity > 0 and d_year = 2001
  group by ws_item_sk
), store_ as (
  select ss_item_sk as item,
    sum(coalesce(sr_return_quantity, 0))::decimal(15, 4) / sum(coalesce(ss_quantity, 0)) as return_ratio,
    sum(coalesce(sr_return_amt, 0)) / sum(ss_net_paid) as currency_ratio
  from store_sales left join store_returns on ss_ticket_number = sr_ticket_number and ss_item_sk = sr_item_sk
  join date_dim on ss_sold_date_sk = d_date_sk
  where sr_return_amt > 100 and ss_net_profit > 1 and ss_net_paid > 0 and ss_quantity > 0 and d_year = 2001
  group by ss_item_sk
)
select channel, item, return_ratio, return_rank, currency_rank
from (
  select 'web' as channel, item, round(return_ratio, 6) as return_ratio, rank() over (order by return_ratio) as return_rank,
    rank() over (order by currency_ratio) as currency_rank from web
  union
  select 'store', item, round(return_ratio, 6), rank() over (order by return_ratio), rank() over (order by currency_ratio)
  from store_
) x
where return_rank <= 10 or currency_rank <= 10
order by 1, 4, 5, 2
