-- governed
-- protected: governed
-- en: Catalog revenue per item as a share of its class
-- zh: 目录各商品收入及其在类别中的占比
with revenue as (
  select i_item_id, i_item_desc, i_category, i_class, i_current_price, sum(cs_ext_sales_price) as itemrevenue
  from catalog_sales
  join item on cs_item_sk = i_item_sk and i_category in ('Sports', 'Books', 'Home')
  join date_dim on cs_sold_date_sk = d_date_sk and d_date between '1999-02-22' and '1999-05-22'
  group by all
)
select *, itemrevenue * 100 / sum(itemrevenue) over by_class as revenueratio
from revenue
window by_class as (partition by i_class)
order by i_category, i_class, i_item_id, i_item_desc, revenueratio
