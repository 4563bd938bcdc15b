-- governed
-- protected: review: extreme-value: the month is a largest value among customers' rows
-- en: Weekly store sales, this year against the next
-- zh: 门店周销售额，今年与次年之比
WITH wss AS (
  SELECT d_week_seq, ss_store_sk,
    max(d_month_seq) AS month_seq,
    sum(CASE d_day_name WHEN 'Sunday' THEN ss_sales_price END) AS sun_sales,
    sum(CASE d_day_name WHEN 'Tuesday' THEN ss_sales_price END) AS tue_sales,
    sum(CASE d_day_name WHEN 'Friday' THEN ss_sales_price END) AS fri_sales
  FROM store_sales JOIN date_dim ON d_date_sk = ss_sold_date_sk
  GROUP BY d_week_seq, ss_store_sk
)
SELECT s_store_name, s_store_id, y.d_week_seq, y.sun_sales / x.sun_sales, y.tue_sales / x.tue_sales,
  y.fri_sales / x.fri_sales
FROM wss y
JOIN wss x ON y.ss_store_sk = x.ss_store_sk AND y.d_week_seq = x.d_week_seq - 52
JOIN store ON s_store_sk = y.ss_store_sk
WHERE y.month_seq BETWEEN 1212 AND 1212 + 11
ORDER BY s_store_name, s_store_id, y.d_week_seq, s_store_sk
LIMIT 100
