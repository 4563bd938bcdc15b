-- allowed: area.region show @4:16
-- A sub-query for each row shows what it finds.
SELECT h.hospital,
       (SELECT a.region FROM area a WHERE a.district = h.district) AS region
FROM hospital h;
