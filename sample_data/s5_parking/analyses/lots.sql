-- title: Lots, row by row / 停车场清单
-- expect: checked
-- suppressed: none
select * from park_lot order by lot_id
