-- refused: use-denied resident.phone filter:eq @4:7 [deny-identifier-filter]
-- Picks out three.
select avg(income) as mean from resident
where phone in (1, 2, 3);
