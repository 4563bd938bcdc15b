-- title: Pipes behind the points / 积水点背后的管线
-- expect: refused use-denied
-- at: 5:8
SELECT p.name,
       p.pipe_id
FROM flood_point p
WHERE p.kind = '下穿立交'
