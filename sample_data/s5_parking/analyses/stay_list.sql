-- title: Stays row by row / 逐行取出停车记录
-- expect: refused rows-of-units
select lot_id, enter_time, leave_time from park_event limit 10
