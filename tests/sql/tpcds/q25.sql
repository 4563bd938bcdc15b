-- governed
-- protected: review: rows-repeated: a catalog sale of the same item to the same customer may match several returns
-- en: Profit and loss of items sold, returned and bought again
-- zh: 售出、退回又再次购买的商品的盈亏
select i_item_id, i_item_desc, s_store_id, s_store_name,
  sum(ss_net_profit) as store_sales_profit, sum(sr_net_loss) as store_returns_loss,
  sum(cs_net_profit) as catalog_sales_profit
from store_sales
join store_returns on ss_customer_sk = sr_customer_sk and ss_item_sk = sr_item_sk
  and ss_ticket_number = sr_ticket_number
join catalog_sales on sr_customer_sk = cs_bill_customer_sk and sr_item_sk = cs_item_sk
join date_dim d1 on d1.d_date_sk = ss_sold_date_sk
join date_dim d2 on d2.d_date_sk = sr_returned_date_sk
join date_dim d3 on d3.d_date_sk = cs_sold_date_sk
join store on s_store_sk = ss_store_sk
join item on i_item_sk = ss_item_sk
where d1.d_year = 2000 and d2.d_year between 2000 and 2001 and d3.d_year between 1999 and 2001
group by i_item_id, i_item_desc, s_store_id, s_store_name
order by i_item_id, i_item_desc, s_store_id, s_store_name
