-- refused: use-not-granted hospital.address filter:range @5:10 [no-match-refuses]
-- Held to be shown, and not to be put in order.
SELECT hospital, beds
FROM hospital
ORDER BY address;
