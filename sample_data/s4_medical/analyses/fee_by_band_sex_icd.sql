-- title: Persons and average fee by age band, sex and ICD-3; rare diagnoses are suppressed / 按年龄段、性别、ICD-3 的人数与次均费用
-- expect: checked
-- suppressed: some
SELECT age_band, sex, icd3,
       count(DISTINCT person_id) AS persons,
       avg(fee_cny)              AS average_fee
FROM med_settlement
GROUP BY age_band, sex, icd3
ORDER BY icd3, age_band, sex
