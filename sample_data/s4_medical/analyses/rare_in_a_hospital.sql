-- title: A rare diagnosis in one hospital / 某医院的罕见病
-- expect: checked
-- suppressed: some
select hospital, count(distinct person_id) as persons from med_settlement where icd3 = 'E84' group by hospital
