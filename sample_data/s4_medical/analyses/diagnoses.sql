-- title: Persons by diagnosis and band: the first of a pair / 各诊断各年龄段人数：两次查询之一
-- expect: checked
select icd3, age_band, count(distinct person_id) as persons from med_settlement group by icd3, age_band
