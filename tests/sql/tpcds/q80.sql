-- governed
-- protected: review: outer-join-of-units: the return is joined by order, not by customer
-- en: Sales, returns and profit by channel and id with subtotals
-- zh: 按渠道与编号的销售、退货、利润及小计
WITH ssr AS (
  SELECT s_store_id AS store_id, sum(ss_ext_sales_price) AS sales, sum(coalesce(sr_return_amt, 0)) AS returns,
    sum(ss_net_profit - coalesce(sr_net_loss, 0)) AS profit
  FROM store_sales
  LEFT OUTER JOIN store_returns ON (ss_item_sk = sr_item_sk AND ss_ticket_number = sr_ticket_number)
  JOIN date_dim ON ss_sold_date_sk = d_date_sk
  JOIN store ON ss_store_sk = s_store_sk
  JOIN item ON ss_item_sk = i_item_sk
  JOIN promotion ON ss_promo_sk = p_promo_sk
  WHERE d_date BETWEEN DATE '2000-08-23' AND DATE '2000-08-23' + INTERVAL 30 DAY
    AND i_current_price > 50 AND p_channel_tv = 'N'
  GROUP BY s_store_id
),
wsr AS (
  SELECT web_site_id, sum(ws_ext_sales_price) AS sales, sum(coalesce(wr_return_amt, 0)) AS returns,
    sum(ws_net_profit - coalesce(wr_net_loss, 0)) AS profit
  FROM web_sales
  LEFT OUTER JOIN web_returns ON (ws_item_sk = wr_item_sk AND ws_order_number = wr_order_number)
  JOIN date_dim ON ws_sold_date_sk = d_date_sk
  JOIN web_site ON ws_web_site_sk = web_site_sk
  WHERE d_date BETWEEN DATE '2000-08-23' AND DATE '2000-08-23' + INTERVAL 30 DAY
  GROUP BY web_site_id
)
SELECT channel, id, sum(sales) AS sales, sum(returns) AS returns, sum(profit) AS profit
FROM (
  SELECT 'store channel' AS channel, concat('store', store_id) AS id, sales, returns, profit FROM ssr
  UNION ALL
  SELECT 'web channel' AS channel, concat('web_site', web_site_id) AS id, sales, returns, profit FROM wsr
) x
GROUP BY CUBE (channel, id)
ORDER BY channel NULLS FIRST, id NULLS FIRST
