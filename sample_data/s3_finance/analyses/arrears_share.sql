-- title: Share of firms in arrears by industry and district / 各行业各区欠缴占比
-- expect: checked
-- suppressed: some
with q as (
  select b.industry, b.district, s.arrears_months
  from social_ins as s inner join ent_base as b on s.uscc = b.uscc
  where b.status = '存续'
)
select industry, district, count(*) as quarters,
       avg(case when arrears_months > 0 then 1.0 else 0.0 end) as share
from q
group by industry, district
