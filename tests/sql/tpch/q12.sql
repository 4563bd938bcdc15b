-- governed
-- protected: governed
-- en: Late deliveries by ship mode and urgency
-- zh: 按运输方式和紧急程度统计迟到的货物
select l_shipmode,
  count(*) filter (o_orderpriority in ('1-URGENT', '2-HIGH')) as high_line_count,
  count(*) filter (where o_orderpriority not in ('1-URGENT', '2-HIGH')) as low_line_count
from orders join lineitem on o_orderkey = l_orderkey
where l_shipmode in ('MAIL', 'SHIP')
  and l_commitdate < l_receiptdate and l_shipdate < l_commitdate
  and l_receiptdate >= date '1994-01-01' and l_receiptdate < date '1995-01-01'
group by l_shipmode
order by l_shipmode
