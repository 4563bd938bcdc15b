-- refused: use-not-granted area.seat show @4:16 [no-match-refuses]
-- A sub-query for each row shows what it finds.
SELECT h.hospital,
       (SELECT a.seat FROM area a WHERE a.district = h.district) AS seat
FROM hospital h;
