-- allowed: hospital.beds aggregate:avg @3:29
-- Over rows without subjects a window aggregates too.
SELECT hospital, beds - avg(beds) OVER () AS above_mean
FROM hospital;
