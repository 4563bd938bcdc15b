-- title: The same up to 30 December: the difference is one day / 截至 12 月 30 日再查：差值仅一日
-- expect: checked
-- after: diagnoses.sql
-- stopped: some
select icd3, age_band, count(distinct person_id) as persons
from med_settlement
where settle_date < date '2025-12-31'
group by icd3, age_band
