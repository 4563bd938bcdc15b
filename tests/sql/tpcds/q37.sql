-- governed
-- protected: governed
-- en: Items in stock that also sell by catalog
-- zh: 有库存且经目录销售的商品
select i_item_id, i_item_desc, i_current_price
from item, inventory, date_dim, catalog_sales
where i_current_price between 20 and 20 + 60
  and inv_item_sk = i_item_sk
  and d_date_sk = inv_date_sk
  and d_date between cast('2000-02-01' as date) and (cast('2000-02-01' as date) + 60)
  and i_manufact_id in (1, 5, 9, 13, 17, 21, 25, 29)
  and inv_quantity_on_hand between 100 and 500
  and cs_item_sk = i_item_sk
group by i_item_id, i_item_desc, i_current_price
order by i_item_id, i_item_desc
