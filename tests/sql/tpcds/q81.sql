-- governed
-- protected: refused: mixed-units: a return belongs to two customers and is grouped by one of them, who is then named
-- en: Catalog customers of a state whose returns are far above average
-- zh: 某州退货额远高于平均值的目录客户
with customer_total_return as (
  select cr_returning_customer_sk as ctr_customer_sk, ca_state as ctr_state, sum(cr_return_amt_inc_tax) as ctr_total_return
  from catalog_returns, date_dim, customer_address
  where cr_returned_date_sk = d_date_sk and d_year = 2000 and cr_returning_addr_sk = ca_address_sk
  group by cr_returning_customer_sk, ca_state
),
usual as (
  select ctr_state, avg(ctr_total_return) as average from customer_total_return group by ctr_state
)
select c_customer_id, c_salutation, c_first_name, c_last_name, ca_street_number, ca_street_name, ca_city, ca_zip,
  ctr_total_return
from customer_total_return
natural join usual
join customer on ctr_customer_sk = c_customer_sk
join customer_address on ca_address_sk = c_current_addr_sk
where ctr_total_return > average * 1.2 and ca_state = 'TX'
order by c_customer_id, ctr_total_return
