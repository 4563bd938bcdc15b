-- governed
-- protected: review: rows-repeated: a catalog sale of the same item to the same customer may match several returns
-- en: Spread of quantities sold, returned and bought again
-- zh: 售出、退回与再次购买数量的离散程度
select i_item_id, s_state,
  count(ss_quantity) as store_sales_count, avg(ss_quantity) as store_sales_average,
  stddev_samp(ss_quantity) as store_sales_dev, stddev_samp(ss_quantity) / avg(ss_quantity) as store_sales_cov,
  count(sr_return_quantity) as returned, avg(sr_return_quantity) as returned_average,
  count(cs_quantity) as catalog_count, avg(cs_quantity) as catalog_average
from store_sales, store_returns, catalog_sales, date_dim d1, date_dim d2, date_dim d3, store, item
where d1.d_year = 2001 and d1.d_date_sk = ss_sold_date_sk
  and i_item_sk = ss_item_sk and s_store_sk = ss_store_sk
  and ss_customer_sk = sr_customer_sk and ss_item_sk = sr_item_sk and ss_ticket_number = sr_ticket_number
  and sr_returned_date_sk = d2.d_date_sk and d2.d_year in (2001, 2002)
  and sr_customer_sk = cs_bill_customer_sk and sr_item_sk = cs_item_sk
  and cs_sold_date_sk = d3.d_date_sk and d3.d_year in (2000, 2001, 2002)
group by i_item_id, s_state
order by i_item_id, s_state
limit 100
