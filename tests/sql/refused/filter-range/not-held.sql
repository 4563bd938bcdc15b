-- refused: use-not-granted settlement.own_share filter:range @3:44 [no-match-refuses]
-- Held to be summed only.
select count(*) as n from settlement where own_share > 10;
