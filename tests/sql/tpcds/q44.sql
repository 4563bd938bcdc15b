-- governed
-- protected: governed
-- en: Best and worst items of a store side by side
-- zh: 某门店最好与最差的商品并列
WITH ranked AS (
  SELECT item_sk, rank() OVER (ORDER BY rank_col ASC, item_sk) AS up, rank() OVER (ORDER BY rank_col DESC, item_sk) AS down
  FROM (
    SELECT ss_item_sk AS item_sk, avg(ss_net_profit) AS rank_col
    FROM store_sales ss1
    WHERE ss_store_sk = 4
    GROUP BY ss_item_sk
    HAVING avg(ss_net_profit) > 0.9 * (
      SELECT avg(ss_net_profit) FROM store_sales WHERE ss_store_sk = 4 AND ss_addr_sk < 100
    )
  )
)
SELECT asceding.up AS rnk, i1.i_product_name AS best_performing, i2.i_product_name AS worst_performing
FROM ranked asceding
JOIN ranked descending ON asceding.up = descending.down
JOIN item i1 ON i1.i_item_sk = asceding.item_sk
JOIN item i2 ON i2.i_item_sk = descending.item_sk
WHERE asceding.up < 11
ORDER BY asceding.up
