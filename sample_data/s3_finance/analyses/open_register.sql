-- title: The open register leaves row by row / 登记信息可逐行流出
-- expect: checked
-- suppressed: none
select name, industry, district, founded, capital_wan
from ent_base
where founded >= date '2024-06-01' and status = '存续'
order by founded desc, name
limit 100
