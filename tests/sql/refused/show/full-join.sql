-- refused: use-not-granted area.seat show @3:20 [no-match-refuses]
-- Either side of an outer join.
SELECT h.hospital, a.seat
FROM hospital h
FULL JOIN area a ON a.district = h.district;
