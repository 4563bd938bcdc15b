-- governed
-- protected: review: rows-repeated: a catalog sale of the same item to the same customer may match several returns
-- en: Quantities sold, returned and bought again per item and store
-- zh: 各商品各门店售出、退回与再次购买的数量
from store_sales
join store_returns on (sr_customer_sk, sr_item_sk, sr_ticket_number) = (ss_customer_sk, ss_item_sk, ss_ticket_number)
join catalog_sales on cs_bill_customer_sk = sr_customer_sk and cs_item_sk = sr_item_sk
join item on i_item_sk = ss_item_sk
join store on s_store_sk = ss_store_sk
join date_dim as d1 on d1.d_date_sk = ss_sold_date_sk and d1.d_year = 1999
select i_item_id, s_store_id, sum(ss_quantity) as sold, sum(sr_return_quantity) as returned, sum(cs_quantity) as again
group by all
order by all
