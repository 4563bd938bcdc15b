-- title: Fee as a key / 以费用为键
-- expect: refused use-denied
-- at: 4:8
select fee_cny, count(*) from med_settlement group by fee_cny
