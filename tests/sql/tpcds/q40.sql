-- governed
-- protected: review: outer-join-of-units: a sale without a return would show that certain customers returned nothing
-- en: Catalog sales less refunds, before and after a date
-- zh: 某日前后扣除退款的目录销售额
SELECT w_state, i_item_id,
  sum(if(d_date < '2000-03-11'::date, cs_sales_price - coalesce(cr_refunded_cash, 0), 0)) AS sales_before,
  sum(if(d_date >= '2000-03-11'::date, cs_sales_price - coalesce(cr_refunded_cash, 0), 0)) AS sales_after
FROM catalog_sales
LEFT OUTER JOIN catalog_returns ON (cs_order_number = cr_order_number AND cs_item_sk = cr_item_sk)
JOIN warehouse ON cs_warehouse_sk = w_warehouse_sk
JOIN item ON i_item_sk = cs_item_sk
JOIN date_dim ON cs_sold_date_sk = d_date_sk
WHERE i_current_price BETWEEN 0.99 AND 51.49
  AND d_date BETWEEN '2000-03-11'::date - INTERVAL 30 DAY AND '2000-03-11'::date + INTERVAL 30 DAY
GROUP BY w_state, i_item_id
ORDER BY w_state, i_item_id
LIMIT 100
