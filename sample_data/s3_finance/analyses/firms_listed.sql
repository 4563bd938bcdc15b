-- title: Enumerating firms by reference / 按引用号列举企业
-- expect: refused use-denied
-- at: 4:8
select uscc, sum(sales_cny) from tax_month group by uscc
