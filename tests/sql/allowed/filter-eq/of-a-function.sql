-- allowed: hospital.kind filter:eq @3:43
-- What is compared is made of the field.
select hospital from hospital where upper(kind) = 'GENERAL';
