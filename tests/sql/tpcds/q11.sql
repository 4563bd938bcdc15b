-- governed
-- protected: refused: set-operation-of-units: a store sale belongs to one customer and a web sale to two
-- en: Customers whose web purchases grow faster than in stores
-- zh: 网上购物增长快于门店的客户
with totals as (
  select c_customer_id, d_year, 'store' as channel, ss_ext_list_price - ss_ext_discount_amt as spent
  from customer join store_sales on c_customer_sk = ss_customer_sk join date_dim on ss_sold_date_sk = d_date_sk
  union all
  select c_customer_id, d_year, 'web', ws_ext_list_price - ws_ext_discount_amt
  from customer join web_sales on c_customer_sk = ws_bill_customer_sk join date_dim on ws_sold_date_sk = d_date_sk
),
wide as (
  select c_customer_id,
    sum(case when channel = 'store' and d_year = 2000 then spent end) as s0,
    sum(case when channel = 'store' and d_year = 2001 then spent end) as s1,
    sum(case when channel = 'web' and d_year = 2000 then spent end) as w0,
    sum(case when channel = 'web' and d_year = 2001 then spent end) as w1
  from totals
  group by c_customer_id
)
select c_customer_id, round(w1 / w0, 4) as web_growth, round(s1 / s0, 4) as store_growth
from wide
where w1 / w0 > s1 / s0
order by web_growth desc, c_customer_id
limit 20
