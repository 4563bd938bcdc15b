-- allowed: settlement.severity aggregate:avg @3:12
-- L4 leaves in aggregates.
select avg(severity) as mean, count(*) as n from settlement;
