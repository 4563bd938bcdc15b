-- governed
-- protected: governed
-- en: Days until catalog orders ship, by warehouse, mode and call center
-- zh: 目录订单发货天数，按仓库、方式和呼叫中心
from (
  select w_warehouse_name[:20] as warehouse, sm_type, cc_name, cs_ship_date_sk - cs_sold_date_sk as days
  from catalog_sales
  join warehouse on cs_warehouse_sk = w_warehouse_sk
  join ship_mode on cs_ship_mode_sk = sm_ship_mode_sk
  join call_center on cs_call_center_sk = cc_call_center_sk
  join date_dim on cs_ship_date_sk = d_date_sk
  where d_month_seq between 1200 and 1211
)
select warehouse, sm_type, cc_name,
  count(*) filter (days <= 30) as "30 days",
  count(*) filter (days > 30 and days <= 60) as "31-60 days",
  count(*) filter (days > 60 and days <= 90) as "61-90 days",
  count(*) filter (days > 90) as "more"
group by all
order by all
