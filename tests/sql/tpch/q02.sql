-- governed
-- protected: governed
-- en: Cheapest supplier of each small brass part in Europe
-- zh: 欧洲各小型黄铜零件的最低价供应商
select s.s_acctbal, s.s_name, n.n_name, p.p_partkey, p.p_mfgr, s.s_address, s.s_phone, s.s_comment
from part p
  join partsupp ps on ps.ps_partkey = p.p_partkey
  join supplier s on s.s_suppkey = ps.ps_suppkey
  join nation n on n.n_nationkey = s.s_nationkey
  join region r on r.r_regionkey = n.n_regionkey
where p.p_size between 10 and 25
  and p.p_type like '%BRASS'
  and r.r_name = 'EUROPE'
  and ps.ps_supplycost = (
    select min(c.ps_supplycost)
    from partsupp c, supplier cs, nation cn, region cr
    where c.ps_partkey = p.p_partkey
      and cs.s_suppkey = c.ps_suppkey
      and cs.s_nationkey = cn.n_nationkey
      and cn.n_regionkey = cr.r_regionkey
      and cr.r_name = 'EUROPE'
  )
order by s.s_acctbal desc, n.n_name, s.s_name, p.p_partkey
limit 100
