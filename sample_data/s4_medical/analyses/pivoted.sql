-- title: Columns made from values / 由取值生成列
-- expect: refused construct-refused
pivot med_settlement on icd3 using count(*) group by hospital
