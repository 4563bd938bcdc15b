-- title: The same without the newest firms: the difference is a handful / 去掉新设企业再查：差值仅数户
-- expect: checked
-- after: district_vat.sql
-- stopped: some
select b.district, b.status, count(distinct t.uscc) as firms
from tax_month t join ent_base b on b.uscc = t.uscc
where t.month = date '2025-06-01' and b.founded < date '2024-09-01'
group by b.district, b.status
