-- allowed: hospital.rating show @3:20
-- An open column of a table without subjects leaves as it is.
SELECT h.hospital, h.rating
FROM hospital AS h;
