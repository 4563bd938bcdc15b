-- title: Mean sales of applicants with consent, by industry / 有授权申请企业的行业月均销售额
-- expect: checked
-- enterprise: applicant=enterprise/applicant.csv
-- suppressed: some
select b.industry, count(distinct t.uscc) as firms, avg(t.vat_cny) as mean_vat
from applicant a
join tax_month t on t.uscc = a.uscc
join ent_base b on b.uscc = t.uscc
where t.month between a.consent_from and a.consent_to
group by b.industry
