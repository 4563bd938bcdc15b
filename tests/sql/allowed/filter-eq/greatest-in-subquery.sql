-- allowed: hospital.beds filter:eq @4:7
-- Compared with the result of a scalar sub-query.
SELECT hospital FROM hospital
WHERE beds = (SELECT min(beds) FROM hospital WHERE kind = 'general');
