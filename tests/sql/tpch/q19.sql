-- governed
-- protected: governed
-- en: Revenue of hand-picked brands and containers delivered in person
-- zh: 特定品牌与包装、当面交付的零件的收入
select sum(l_extendedprice * (1 - l_discount)) as revenue
from lineitem, part
where p_partkey = l_partkey
  and l_shipinstruct = 'DELIVER IN PERSON'
  and l_shipmode in ('AIR', 'AIR REG')
  and (
    (p_brand = 'Brand#12' and p_container similar to 'SM (CASE|BOX|PACK|PKG)'
      and l_quantity between 1 and 11 and p_size between 1 and 5)
    or (p_brand = 'Brand#23' and p_container in ('MED BAG', 'MED BOX', 'MED PKG', 'MED PACK')
      and l_quantity >= 10 and l_quantity <= 20 and p_size between 1 and 10)
    or (p_brand = 'Brand#34' and starts_with(p_container, 'LG')
      and l_quantity between 20 and 30 and p_size between 1 and 15)
  )
