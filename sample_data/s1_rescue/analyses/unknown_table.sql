-- title: A file is not a table / 文件不是表
-- expect: refused unknown-table
-- at: 4:22
select count(*) from 'hw_incident.parquet'
