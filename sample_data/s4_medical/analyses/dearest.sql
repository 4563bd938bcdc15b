-- title: The dearest settlement / 最高的一笔费用
-- expect: refused use-denied
-- at: 4:12
select max(fee_cny) as dearest from med_settlement
