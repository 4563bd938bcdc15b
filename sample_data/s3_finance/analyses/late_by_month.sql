-- title: Firms that paid late, by month / 各月逾期户数
-- expect: checked
-- suppressed: none
SELECT month, count(DISTINCT uscc) AS firms, count(*) FILTER (WHERE paid_late) AS late
FROM tax_month
GROUP BY month
ORDER BY month
