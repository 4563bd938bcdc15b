-- governed
-- protected: governed
-- en: Brands of one manager by sales in one month
-- zh: 某经理所辖品牌某月的销售额
select i_brand_id as brand_id, i_brand as brand, sum(ss_ext_sales_price) as ext_price
from store_sales as s
inner join date_dim as d on d.d_date_sk = s.ss_sold_date_sk
inner join item as i on i.i_item_sk = s.ss_item_sk
where i.i_manager_id = 8 and d.d_moy = 11 and d.d_year = 1999
group by i.i_brand, i.i_brand_id
order by ext_price desc, brand_id
