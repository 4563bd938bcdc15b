-- allowed: hospital.beds show @3:24
-- An expression shows every field in it.
select hospital, round(beds / 10.0, 1) as tens
from hospital;
