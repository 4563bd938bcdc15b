-- refused: use-not-granted hospital.doctors show @3:18 [no-match-refuses]
-- Open data too is shown only to those who hold that use.
select hospital, doctors
from hospital
order by rating;
