-- title: Who is on duty where / 谁在何处值守
-- expect: refused use-denied
-- at: 5:8
with duty as (select duty_person, duty_phone, name from flood_point)
select duty_person, name from duty order by name
