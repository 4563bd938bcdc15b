-- title: Vehicles helped in each month / 各月救援车辆数
-- expect: checked
-- suppressed: none
SELECT month(call_date) AS m, count(DISTINCT plate) AS vehicles, count(*) AS incidents
FROM hw_incident
GROUP BY month(call_date)
ORDER BY m
