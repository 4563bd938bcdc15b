-- title: Settlements by month / 各月结算人次
-- expect: checked
-- suppressed: none
select settle_month, count(*) as settlements, sum(fund_paid_cny) as paid
from med_settlement
group by settle_month
order by 1
