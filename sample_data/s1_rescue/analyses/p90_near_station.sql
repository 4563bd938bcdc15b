-- title: p90 of arrival in bad weather, with and without a tow station in the segment / 恶劣天气下有无救援站路段的到场 p90
-- expect: review
-- enterprise: tow_station=enterprise/tow_station.csv
with near as (
    select road, stake_km // 10 as segment, count(*) as stations
    from tow_station
    group by road, segment
)
select i.road,
       case when n.stations is null then 'no station' else 'station' end as segment_kind,
       quantile_cont(i.seconds_to_arrive, 0.9) as p90_seconds,
       count(*) as incidents
from hw_incident i
join weather_hourly w on w.grid = i.grid and w.hour = date_trunc('hour', i.call_time)
left join near n on n.road = i.road and n.segment = i.segment_10km
where w.bad_weather
group by i.road, segment_kind
