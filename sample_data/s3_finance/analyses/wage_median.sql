-- title: Median wage base by industry / 各行业缴费基数中位数
-- expect: refused use-denied
-- at: 4:49
select b.industry, median(s.wage_base_cny), max(s.wage_base_cny) as top
from social_ins s join ent_base b using (uscc)
group by b.industry
