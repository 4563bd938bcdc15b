-- allowed: settlement.cost aggregate:sum @4:27
-- The sum per person is the use; the mean of the sums takes nothing more.
with per_person as (
    select person_id, sum(cost) as c
    from settlement
    group by person_id
)
select avg(c) as mean_per_person from per_person;
