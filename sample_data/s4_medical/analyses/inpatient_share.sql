-- title: Share of inpatients by diagnosis / 各诊断住院占比
-- expect: checked
-- suppressed: some
select icd3, count(*) as settlements, count(*) filter (where inpatient) as inpatient
from med_settlement
where age_band in ('50-64', '65-79', '80+')
group by icd3
