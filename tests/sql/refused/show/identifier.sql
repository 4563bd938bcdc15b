-- refused: use-denied resident.person_id show @3:8 [deny-identifier-show]
-- Who is insured?
select person_id from resident where insured;
