-- title: Ten stays / 任取十条停车记录
-- expect: refused rows-of-units
-- at: 4:8
select lot_id, enter_time, leave_time from park_event limit 10
