-- title: Settlements row by row / 逐行取出结算
-- expect: refused use-denied
-- at: 4:8
SELECT person_id, settle_date, icd3, fee_cny
FROM med_settlement
WHERE icd3 = 'D66'
