-- title: Deciles of the fee / 费用十分位
-- expect: review
select icd3, quantile_cont(fee_cny, 0.9) as p90 from med_settlement where icd3 in ('I10', 'J06', 'E11') group by icd3
