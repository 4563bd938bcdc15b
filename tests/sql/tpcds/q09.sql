-- governed
-- protected: governed
-- en: Discount or payment, chosen by how many sales lie in each band of quantity
-- zh: 按各数量区间的销售笔数选取折扣或实付金额
select
  case when (select count(*) from store_sales where ss_quantity between 1 and 20) > 2300
    then (select avg(ss_ext_discount_amt) from store_sales where ss_quantity between 1 and 20)
    else (select avg(ss_net_paid) from store_sales where ss_quantity between 1 and 20) end as bucket1,
  case when (select count(*) from store_sales where ss_quantity between 21 and 40) > 2300
    then (select avg(ss_ext_discount_amt) from store_sales where ss_quantity between 21 and 40)
    else (select avg(ss_net_paid) from store_sales where ss_quantity between 21 and 40) end as bucket2
from reason
where r_reason_sk = 1
