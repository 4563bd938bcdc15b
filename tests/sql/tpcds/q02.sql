-- governed
-- protected: review: extreme-value: the year is a smallest value among customers' rows
-- en: Weekly sales by day of week, this year against next
-- zh: 每周各日销售额，今年与次年之比
WITH sales AS (
  SELECT ws_sold_date_sk AS date_sk, ws_ext_sales_price AS price FROM web_sales
  UNION ALL
  SELECT cs_sold_date_sk, cs_ext_sales_price FROM catalog_sales
), weeks AS (
  SELECT d_week_seq, min(d_year) AS d_year,
    sum(price) FILTER (WHERE d_day_name = 'Sunday') AS sun,
    sum(price) FILTER (WHERE d_day_name = 'Monday') AS mon,
    sum(price) FILTER (WHERE d_day_name = 'Wednesday') AS wed,
    sum(price) FILTER (WHERE d_day_name = 'Saturday') AS sat
  FROM sales JOIN date_dim ON d_date_sk = date_sk
  GROUP BY d_week_seq
)
SELECT y.d_week_seq, round(y.sun / z.sun, 2) AS r1, round(y.mon / z.mon, 2) AS r2, round(y.wed / z.wed, 2) AS r3,
  round(y.sat / z.sat, 2) AS r4
FROM weeks y JOIN weeks z ON z.d_week_seq = y.d_week_seq + 53
WHERE y.d_year = 2000
ORDER BY y.d_week_seq
