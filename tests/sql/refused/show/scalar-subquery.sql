-- refused: use-not-granted area.seat show @4:16 [no-match-refuses]
-- A sub-query in SELECT shows what it selects.
SELECT hospital,
       (SELECT seat FROM area WHERE district = 'Yuhang') AS seat
FROM hospital;
