-- title: Share answered in 1, sent in 3, on site in 15 minutes, by road / 各道路 1-3-15 达标率
-- expect: checked
-- suppressed: none
SELECT
    road,
    count(*)                                                       AS calls,
    count(*) FILTER (WHERE seconds_to_accept <= 60)                AS answered_1_min,
    count(*) FILTER (WHERE seconds_to_dispatch <= 180)             AS sent_3_min,
    count(*) FILTER (WHERE seconds_to_arrive <= 900)               AS on_site_15_min,
    round(100.0 * count(*) FILTER (WHERE seconds_to_arrive <= 900) / count(*), 1) AS on_site_pct
FROM hw_incident
GROUP BY road
ORDER BY on_site_pct DESC
