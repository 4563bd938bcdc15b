-- title: The largest month of all / 最高的单月销售额
-- expect: refused use-denied
-- at: 4:12
select max(sales_cny) as most from tax_month
