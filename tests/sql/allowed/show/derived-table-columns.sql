-- allowed: hospital.address show @3:8
-- Column names of a derived table are names, not other fields.
SELECT t.where_it_is
FROM (SELECT hospital, address FROM hospital) AS t(name, where_it_is);
