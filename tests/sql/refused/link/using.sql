-- refused: use-not-granted hospital.beds link @4:38 [no-match-refuses]
-- USING.
select h.hospital, c.clinic
from hospital h join clinic c using (beds);
