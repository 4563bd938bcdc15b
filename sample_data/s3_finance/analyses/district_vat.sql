-- title: VAT by district: the first of a pair / 各区增值税：两次查询之一
-- expect: checked
select b.district, b.status, count(distinct t.uscc) as firms
from tax_month t join ent_base b on b.uscc = t.uscc
where t.month = date '2025-06-01'
group by b.district, b.status
