-- title: New firms by industry and year / 各行业各年新设企业
-- expect: checked
-- suppressed: none
SELECT industry, year(founded) AS y, count(*) AS firms, max(capital_wan) AS largest
FROM ent_base
WHERE founded >= DATE '2015-01-01'
GROUP BY industry, y
ORDER BY industry, y
