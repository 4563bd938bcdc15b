-- governed
-- protected: governed
-- en: Profit and returns of all channels in a month, with subtotals
-- zh: 某月各渠道的利润与退货，含小计
with ss as (
  select s_store_sk, sum(ss_ext_sales_price) as sales, sum(ss_net_profit) as profit
  from store_sales, date_dim, store
  where ss_sold_date_sk = d_date_sk and d_date between '2000-08-03' and '2000-09-02' and ss_store_sk = s_store_sk
  group by s_store_sk
),
sr as (
  select s_store_sk, sum(sr_return_amt) as returns, sum(sr_net_loss) as profit_loss
  from store_returns, date_dim, store
  where sr_returned_date_sk = d_date_sk and d_date between '2000-08-03' and '2000-09-02' and sr_store_sk = s_store_sk
  group by s_store_sk
),
ws as (
  select ws_web_page_sk as page, sum(ws_ext_sales_price) as sales, sum(ws_net_profit) as profit
  from web_sales, date_dim
  where ws_sold_date_sk = d_date_sk and d_date between '2000-08-03' and '2000-09-02'
  group by ws_web_page_sk
)
select channel, id, sum(sales) as sales, sum(returns) as returns, sum(profit) as profit
from (
  select 'store channel' as channel, ss.s_store_sk as id, sales, coalesce(returns, 0) as returns,
    profit - coalesce(profit_loss, 0) as profit
  from ss left join sr on ss.s_store_sk = sr.s_store_sk
  union all
  select 'web channel', page, sales, 0, profit from ws
) x
group by grouping sets ((channel, id), (channel), ())
order by channel nulls last, id nulls last
