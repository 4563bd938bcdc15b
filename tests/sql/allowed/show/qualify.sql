-- allowed: hospital.kind show @3:18
-- QUALIFY chooses rows; the columns of the rows leave.
SELECT hospital, kind
FROM hospital
QUALIFY row_number() OVER (PARTITION BY district ORDER BY rating DESC) = 1;
