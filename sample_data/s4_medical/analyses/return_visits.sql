-- title: Settlements per person, then averaged: an aggregation over persons / 人均结算次数：先按人再汇总
-- expect: checked
-- suppressed: none
select sex, avg(visits) as mean_visits, count(*) as persons
from (
    select person_id, sex, count(*) as visits
    from med_settlement
    group by person_id, sex
) per_person
group by sex
