-- governed
-- protected: governed
-- en: Average stock by product and its groups
-- zh: 按产品及其分组的平均库存
select i_product_name, i_brand, i_class, i_category, avg(inv_quantity_on_hand) as qoh
from inventory
join date_dim on inv_date_sk = d_date_sk
join item on inv_item_sk = i_item_sk
where d_month_seq between 1200 and 1200 + 11
group by rollup (i_product_name, i_brand, i_class, i_category)
order by qoh, i_product_name nulls last, i_brand nulls last, i_class nulls last, i_category nulls last
limit 100
