-- refused: use-not-granted hospital.rating filter:eq @3:71 [no-match-refuses]
-- CASE inside FILTER.
SELECT district, count(*) FILTER (WHERE CASE kind WHEN 'general' THEN rating = 5 ELSE false END) AS best
FROM hospital
GROUP BY district;
