-- title: How often was this vehicle towed? / 某辆车被救援几次
-- expect: refused use-denied
-- at: 4:40
SELECT count(*) FROM hw_incident WHERE plate = 4242
