-- refused: use-not-granted resident.phone link @6:50 [no-match-refuses]
-- also: use-not-granted resident.phone link @6:60 [no-match-refuses]
-- Who shares a phone? Both sides are refused.
SELECT count(*) AS pairs
FROM resident a
JOIN resident b ON a.person_id = b.person_id AND a.phone = b.phone;
