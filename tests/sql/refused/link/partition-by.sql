-- refused: use-not-granted hospital.kind link @3:44 [no-match-refuses]
-- The key of a window.
SELECT hospital, rank() OVER (PARTITION BY kind ORDER BY rating DESC) AS place
FROM hospital;
