-- title: A guess at exact sales as a filter / 以猜测的精确金额为条件
-- expect: refused use-not-granted
-- uses: analyses/uses.toml
-- at: 5:38
select count(*) from tax_month where sales_cny = 1234500
