-- governed
-- protected: refused: rows-of-units: one row per ticket, with the customer's name
-- en: Customers with few items per trip
-- zh: 每次购物件数较少的客户
select c_last_name, c_first_name, c_salutation, c_preferred_cust_flag, ss_ticket_number, cnt
from customer
join (
  select ss_ticket_number, ss_customer_sk, count(*) as cnt
  from store_sales
  join date_dim on ss_sold_date_sk = d_date_sk
  join store on ss_store_sk = s_store_sk
  join household_demographics on ss_hdemo_sk = hd_demo_sk
  where d_dom between 1 and 2 and hd_buy_potential = any (select unnested from (
      select '>10000' as unnested union all select '0-500'))
    and hd_vehicle_count > 0 and hd_dep_count / hd_vehicle_count > 1
  group by ss_ticket_number, ss_customer_sk
) dj on ss_customer_sk = c_customer_sk and cnt between 1 and 6
order by cnt desc, c_last_name asc nulls last, ss_ticket_number
