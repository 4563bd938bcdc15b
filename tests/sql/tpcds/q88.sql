-- governed
-- protected: governed
-- en: How many sales fall into each half hour
-- zh: 每半小时的销售笔数
SELECT *
FROM
  (SELECT count(*) AS h8_30_to_9 FROM store_sales, household_demographics, time_dim, store
   WHERE ss_sold_time_sk = time_dim.t_time_sk AND ss_hdemo_sk = household_demographics.hd_demo_sk
     AND ss_store_sk = s_store_sk AND time_dim.t_hour = 8 AND time_dim.t_minute >= 30
     AND (hd_dep_count = 4 AND hd_vehicle_count <= 4 + 2 OR hd_dep_count = 2 AND hd_vehicle_count <= 2 + 2)) s1,
  (SELECT count(*) AS h9_to_9_30 FROM store_sales, household_demographics, time_dim, store
   WHERE ss_sold_time_sk = time_dim.t_time_sk AND ss_hdemo_sk = household_demographics.hd_demo_sk
     AND ss_store_sk = s_store_sk AND time_dim.t_hour = 9 AND time_dim.t_minute < 30
     AND (hd_dep_count = 4 AND hd_vehicle_count <= 4 + 2 OR hd_dep_count = 2 AND hd_vehicle_count <= 2 + 2)) s2
