-- governed
-- protected: governed
-- en: Web discounts far above the usual one of the item
-- zh: 远高于商品常规水平的网上折扣
WITH usual AS (
  SELECT ws_item_sk AS item_sk, 1.3 * avg(ws_ext_discount_amt) AS high
  FROM web_sales JOIN date_dim ON d_date_sk = ws_sold_date_sk
  WHERE d_date BETWEEN '2000-01-27' AND '2000-04-26'
  GROUP BY ws_item_sk
)
SELECT sum(ws_ext_discount_amt) AS "Excess Discount Amount"
FROM web_sales
JOIN date_dim ON d_date_sk = ws_sold_date_sk
JOIN usual ON usual.item_sk = ws_item_sk AND ws_ext_discount_amt > usual.high
WHERE d_date BETWEEN '2000-01-27' AND '2000-04-26'
