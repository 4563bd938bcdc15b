-- governed
-- protected: governed
-- en: Products of makers that offer certain combinations
-- zh: 提供特定组合的制造商的产品
select distinct i_product_name
from item i1
where i_manufact_id between 1 and 40
  and (
    select count(*) as item_cnt
    from item
    where i_manufact = i1.i_manufact
      and ((i_category = 'Women' and i_color in ('red', 'pale') and i_size in ('medium', 'extra large'))
        or (i_category = 'Men' and i_color in ('slate', 'blue') and i_size in ('N/A', 'small'))
        or (i_category = 'Books' and i_units in ('Oz', 'Each')))
  ) > 0
order by i_product_name
limit 100
