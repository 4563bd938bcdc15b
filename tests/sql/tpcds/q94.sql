-- governed
-- protected: refused: correlated-subquery: other lines of an order are not known to be of the same customers
-- en: Web orders shipped from several warehouses and never returned
-- zh: 由多个仓库发货且从未退货的网上订单
SELECT count(DISTINCT ws_order_number) AS "order count", sum(ws_ext_ship_cost) AS "total shipping cost",
  sum(ws_net_profit) AS "total net profit"
FROM web_sales ws1
JOIN date_dim ON ws1.ws_ship_date_sk = d_date_sk
JOIN customer_address ON ws1.ws_ship_addr_sk = ca_address_sk
JOIN web_site ON ws1.ws_web_site_sk = web_site_sk
ANTI JOIN web_returns ON ws1.ws_order_number = wr_order_number
WHERE d_date BETWEEN '1999-02-01' AND '1999-06-30' AND ca_state IN ('IL', 'GA') AND web_company_name = 'pri'
  AND EXISTS (
    SELECT 1 FROM web_sales ws2
    WHERE ws1.ws_order_number = ws2.ws_order_number AND ws1.ws_warehouse_sk <> ws2.ws_warehouse_sk
  )
