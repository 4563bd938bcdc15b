-- governed
-- protected: governed
-- en: Store profit in areas where preferred customers live
-- zh: 优选客户居住区域内门店的利润
select s_store_name, sum(ss_net_profit) as profit
from store_sales, date_dim, store, (
  select left(ca_zip, 2) as area from customer_address where left(ca_zip, 2) in ('10', '14', '18', '22', '31', '42')
  intersect
  select left(ca_zip, 2)
  from customer_address, customer
  where ca_address_sk = c_current_addr_sk and c_preferred_cust_flag = 'Y'
  group by left(ca_zip, 2)
  having count(*) > 3
) v
where ss_store_sk = s_store_sk and ss_sold_date_sk = d_date_sk and d_qoy = 2 and d_year = 1998
  and left(s_zip, 2) = v.area
group by s_store_name
order by s_store_name
