-- governed
-- protected: refused: correlated-subquery: other lines of an order are not known to be of the same customers
-- en: Catalog orders shipped from several warehouses and not returned
-- zh: 由多个仓库发货且未退货的目录订单
SELECT count(DISTINCT cs_order_number) AS order_count, sum(cs_ext_ship_cost) AS shipping, sum(cs_net_profit) AS profit
FROM catalog_sales cs1, date_dim, customer_address, call_center
WHERE d_date BETWEEN '2001-02-01' AND '2001-12-31'
  AND cs1.cs_ship_date_sk = d_date_sk
  AND cs1.cs_ship_addr_sk = ca_address_sk
  AND ca_state = 'GA'
  AND cs1.cs_call_center_sk = cc_call_center_sk
  AND EXISTS (
    SELECT * FROM catalog_sales cs2
    WHERE cs1.cs_order_number = cs2.cs_order_number AND cs1.cs_warehouse_sk <> cs2.cs_warehouse_sk
  )
  AND NOT EXISTS (SELECT * FROM catalog_returns cr1 WHERE cs1.cs_order_number = cr1.cr_order_number)
