-- governed
-- protected: refused: set-operation-of-units: a store sale belongs to one customer and a catalog sale to two, so their rows are not of one kind
-- en: Sales, returns and profit of all channels with subtotals
-- zh: 各渠道销售、退货与利润及小计
WITH lines AS (
  SELECT 'store channel' AS channel, 'store' || s_store_id AS id,
    ss_ext_sales_price AS sales, 0.00 AS returns, ss_net_profit AS profit, ss_sold_date_sk AS date_sk
  FROM store_sales JOIN store ON s_store_sk = ss_store_sk
  UNION ALL
  SELECT 'store channel', 'store' || s_store_id, 0, sr_return_amt, -sr_net_loss, sr_returned_date_sk
  FROM store_returns JOIN store ON s_store_sk = sr_store_sk
  UNION ALL
  SELECT 'catalog channel', 'catalog_page' || cp_catalog_page_id, cs_ext_sales_price, 0, cs_net_profit, cs_sold_date_sk
  FROM catalog_sales JOIN catalog_page ON cp_catalog_page_sk = cs_catalog_page_sk
  UNION ALL
  SELECT 'catalog channel', 'catalog_page' || cp_catalog_page_id, 0, cr_return_amount, -cr_net_loss, cr_returned_date_sk
  FROM catalog_returns JOIN catalog_page ON cp_catalog_page_sk = cr_catalog_page_sk
)
SELECT channel, id, sum(sales) AS sales, sum(returns) AS returns, sum(profit) AS profit
FROM lines
JOIN date_dim ON d_date_sk = date_sk
WHERE d_date BETWEEN DATE '2000-08-23' AND DATE '2000-08-23' + INTERVAL 14 DAY
GROUP BY ROLLUP (channel, id)
ORDER BY channel NULLS FIRST, id NULLS FIRST
