-- refused: use-not-granted settlement.day filter:eq @4:7 [no-match-refuses]
-- All days but two.
select count(*) as n from settlement
where day not in (date '2025-01-01', date '2025-01-02');
