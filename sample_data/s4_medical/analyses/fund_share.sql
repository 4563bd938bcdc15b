-- title: Share paid by the fund, by hospital / 各医院基金支付占比
-- expect: checked
-- suppressed: none
with h as (
  select hospital, sum(fund_paid_cny) as paid, sum(fee_cny) as fee
  from med_settlement
  group by hospital
)
select hospital, round(paid / fee, 3) as share from h order by share desc
