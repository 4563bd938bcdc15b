-- title: Entries by lot, weekday or weekend, and hour / 各停车场工作日周末分时进场量
-- expect: checked
-- suppressed: some
SELECT l.name,
       CASE WHEN isodow(e.enter_time) >= 6 THEN 'weekend' ELSE 'weekday' END AS day_kind,
       extract(hour FROM e.enter_time) AS hour,
       count(*) AS entries
FROM park_event e
JOIN park_lot l ON l.lot_id = e.lot_id
GROUP BY l.name, day_kind, hour
ORDER BY l.name, day_kind, hour
