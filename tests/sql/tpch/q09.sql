-- governed
-- protected: governed
-- en: Profit on green parts by nation and year
-- zh: 绿色零件按国家和年份的利润
select n_name as supp_nation, date_part('year', o_orderdate) as o_year,
       sum(l_extendedprice * (1 - l_discount) - ps_supplycost * l_quantity) as sum_profit
from part
  inner join lineitem on l_partkey = p_partkey
  inner join partsupp on ps_suppkey = l_suppkey and ps_partkey = l_partkey
  inner join supplier on s_suppkey = l_suppkey
  inner join orders on o_orderkey = l_orderkey
  inner join nation on s_nationkey = n_nationkey
where contains(p_name, 'green')
group by supp_nation, o_year
order by supp_nation asc, o_year desc
