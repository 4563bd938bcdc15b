-- title: Settlements row by row / 逐行取出结算
-- expect: refused use-denied
SELECT person_id, settle_date, icd3, fee_cny
FROM med_settlement
WHERE icd3 = 'D66'
