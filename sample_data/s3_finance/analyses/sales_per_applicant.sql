-- title: Exact sales of each applicant / 逐户精确销售额
-- expect: refused rows-of-units
-- enterprise: applicant=enterprise/applicant.csv
-- at: 5:8
select a.applicant_no, t.month, t.sales_cny
from applicant a
join tax_month t on t.uscc = a.uscc
