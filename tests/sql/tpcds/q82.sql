-- governed
-- protected: governed
-- en: Items in stock that also sell in stores
-- zh: 有库存且在门店销售的商品
SELECT DISTINCT i_item_id, i_item_desc, i_current_price
FROM item
SEMI JOIN (
  SELECT inv_item_sk FROM inventory JOIN date_dim ON d_date_sk = inv_date_sk
  WHERE d_date BETWEEN '2000-05-25' AND '2000-07-24' AND inv_quantity_on_hand BETWEEN 100 AND 500
) stocked ON inv_item_sk = i_item_sk
WHERE i_current_price BETWEEN 42 AND 72
  AND i_item_sk IN (SELECT ss_item_sk FROM store_sales)
ORDER BY i_item_id, i_item_desc
