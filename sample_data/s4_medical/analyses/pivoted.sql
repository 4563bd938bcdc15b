-- title: Columns made from values / 由取值生成列
-- expect: refused construct-refused
-- at: 4:7
pivot med_settlement on icd3 using count(*) group by hospital
