-- title: Sales by industry: where one firm towers, the sum is suppressed / 各行业销售额：一家独大则抑制
-- expect: checked
-- suppressed: some
select b.industry, count(distinct t.uscc) as firms, sum(t.sales_cny) as sales
from tax_month t
join ent_base b on b.uscc = t.uscc
group by b.industry
