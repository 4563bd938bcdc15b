-- governed
-- protected: refused: rows-of-units: one row per order is one customer's row
-- en: Unshipped orders with the largest revenue
-- zh: 尚未发货且金额最大的订单
with late as (
  select l_orderkey, sum(l_extendedprice * (1 - l_discount)) as revenue
  from lineitem
  where l_shipdate > date '1995-03-15'
  group by l_orderkey
)
select o_orderkey, late.revenue, o_orderdate, o_shippriority
from orders
join customer on c_custkey = o_custkey and c_mktsegment = 'BUILDING'
join late on l_orderkey = o_orderkey
where o_orderdate < date '1995-03-15'
order by revenue desc, o_orderdate, o_orderkey
limit 10
