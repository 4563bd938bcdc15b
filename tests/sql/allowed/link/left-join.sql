-- allowed: area.district link @5:34
-- Between open tables.
SELECT h.hospital, a.region
FROM hospital h
LEFT JOIN area a ON h.district = a.district;
