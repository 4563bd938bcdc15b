-- governed
-- protected: refused: use-denied: customers are named
-- en: Customers whose catalog purchases grow faster than in stores and on the web
-- zh: 目录购物增长快于门店和网上的客户
with year_total as (
  select c_customer_id as customer_id, c_first_name, c_last_name, d_year as dyear,
    sum(((ss_ext_list_price - ss_ext_wholesale_cost - ss_ext_discount_amt) + ss_ext_sales_price) / 2) as total,
    's' as sale_type
  from customer, store_sales, date_dim
  where c_customer_sk = ss_customer_sk and ss_sold_date_sk = d_date_sk
  group by c_customer_id, c_first_name, c_last_name, d_year
  union all
  select c_customer_id, c_first_name, c_last_name, d_year,
    sum(((cs_ext_list_price - cs_ext_wholesale_cost - cs_ext_discount_amt) + cs_ext_sales_price) / 2), 'c'
  from customer, catalog_sales, date_dim
  where c_customer_sk = cs_bill_customer_sk and cs_sold_date_sk = d_date_sk
  group by c_customer_id, c_first_name, c_last_name, d_year
  union all
  select c_customer_id, c_first_name, c_last_name, d_year,
    sum(((ws_ext_list_price - ws_ext_wholesale_cost - ws_ext_discount_amt) + ws_ext_sales_price) / 2), 'w'
  from customer, web_sales, date_dim
  where c_customer_sk = ws_bill_customer_sk and ws_sold_date_sk = d_date_sk
  group by c_customer_id, c_first_name, c_last_name, d_year
)
select s2.customer_id, s2.c_first_name, s2.c_last_name
from year_total s1
join year_total s2 on s2.customer_id = s1.customer_id and s2.sale_type = 's' and s2.dyear = 2001
join year_total c1 on c1.customer_id = s1.customer_id and c1.sale_type = 'c' and c1.dyear = 2000
join year_total c2 on c2.customer_id = s1.customer_id and c2.sale_type = 'c' and c2.dyear = 2001
join year_total w1 on w1.customer_id = s1.customer_id and w1.sale_type = 'w' and w1.dyear = 2000
join year_total w2 on w2.customer_id = s1.customer_id and w2.sale_type = 'w' and w2.dyear = 2001
where s1.sale_type = 's' and s1.dyear = 2000
  and s1.total > 0 and c1.total > 0 and w1.total > 0
  and c2.total / c1.total > s2.total / s1.total
  and c2.total / c1.total > w2.total / w1.total
order by s2.customer_id, s2.c_first_name, s2.c_last_name
