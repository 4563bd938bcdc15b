-- allowed: settlement.emergency filter:eq @3:48
-- A boolean by itself is compared with true.
select count(*) as n from settlement where not emergency;
