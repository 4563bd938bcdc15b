-- governed
-- protected: review: mixed-condition: an expensive sale may stand in place of where the customer lives
-- en: Catalog sales by postal code for some areas or expensive sales
-- zh: 部分地区或高价目录销售按邮编汇总
select ca_zip, sum(cs_sales_price)
from catalog_sales
join customer on cs_bill_customer_sk = c_customer_sk
join customer_address on c_current_addr_sk = ca_address_sk
join date_dim on cs_sold_date_sk = d_date_sk
where (substr(ca_zip, 1, 5) in ('10083', '14357', '18631') or ca_state in ('CA', 'WA', 'GA') or cs_sales_price > 150)
  and d_qoy = 2 and d_year = 2001
group by ca_zip
order by ca_zip
