-- title: A file is not a table / 文件不是表
-- expect: refused unknown-table
select count(*) from 'hw_incident.parquet'
