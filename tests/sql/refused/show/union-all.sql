-- refused: use-denied accounts.director show @5:8 [deny-l3-show]
-- The second side of UNION ALL counts as well as the first.
select office from accounts
union all
select director from accounts;
