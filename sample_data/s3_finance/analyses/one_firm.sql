-- title: Sales of one firm by its name: the cell is suppressed / 按名称查一家企业的销售额：被抑制
-- expect: checked
-- suppressed: some
select b.name, sum(t.sales_cny) as sales
from tax_month t join ent_base b on b.uscc = t.uscc
where b.name like '%科技0001有限公司' or b.name like '%0007有限公司'
group by b.name
