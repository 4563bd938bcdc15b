-- title: Which vehicles? / 哪些车辆
-- expect: refused use-denied
-- at: 4:8
select plate from park_event where lot_id = 'P001'
