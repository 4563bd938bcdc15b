-- title: Points by district and kind / 各区各类积水点数
-- expect: checked
SELECT district, kind, count(*) AS points
FROM flood_point
GROUP BY district, kind
UNION ALL
SELECT 'all', kind, count(*) FROM flood_point GROUP BY kind
