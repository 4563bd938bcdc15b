-- governed
-- protected: governed
-- en: Stock before and after a date, by warehouse and item
-- zh: 某日前后各仓库各商品的库存
SELECT *
FROM (
  SELECT w_warehouse_name, i_item_id,
    sum(CASE WHEN d_date < DATE '2000-03-11' THEN inv_quantity_on_hand ELSE 0 END) AS inv_before,
    sum(CASE WHEN d_date >= DATE '2000-03-11' THEN inv_quantity_on_hand ELSE 0 END) AS inv_after
  FROM inventory, warehouse, item, date_dim
  WHERE i_item_sk = inv_item_sk AND inv_warehouse_sk = w_warehouse_sk AND inv_date_sk = d_date_sk
    AND d_date BETWEEN DATE '2000-03-11' - INTERVAL '30 days' AND DATE '2000-03-11' + INTERVAL '30 days'
  GROUP BY w_warehouse_name, i_item_id
) x
WHERE CASE WHEN inv_before > 0 THEN inv_after::double / inv_before ELSE NULL END BETWEEN 2.0 / 3.0 AND 3.0 / 2.0
ORDER BY w_warehouse_name, i_item_id
LIMIT 100
