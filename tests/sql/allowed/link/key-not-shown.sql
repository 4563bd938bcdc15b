-- allowed: settlement.hospital link @5:10
-- Cells without their label.
SELECT count(*) AS n
FROM settlement
GROUP BY hospital;
