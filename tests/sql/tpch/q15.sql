-- governed
-- protected: governed
-- en: Supplier with the largest revenue in a quarter
-- zh: 一个季度内销售额最高的供应商
with revenue(supplier_no, total_revenue) as (
  select l_suppkey, sum(l_extendedprice * (1 - l_discount))
  from lineitem
  where l_shipdate >= date '1996-01-01' and l_shipdate < date '1996-04-01'
  group by l_suppkey
)
select s_suppkey, s_name, s_address, s_phone, total_revenue
from supplier
join revenue on s_suppkey = supplier_no
qualify rank() over (order by total_revenue desc) = 1
order by s_suppkey
