-- Small, consistent data for the schema of TPC-DS: 24 tables whose keys join, the same on every machine.
-- Every value follows from the number of its row by arithmetic; `pick` scatters it.
create macro pick(i, salt, n) as
  (((i::bigint * 1103515245 + salt::bigint * 12820163) % 2147483647 + 1)
   * (((i::bigint + salt::bigint * 7919) * 69069 + 362437) % 2147483647 + 1)) % 2147483647 % n;
create macro missing(i, salt, often, value) as case when pick(i, salt, often) = 0 then null else value end;
create macro money(x) as x::decimal(7, 2);

create table date_dim as
  select
    (2450815 + i)::integer as d_date_sk,
    'D' || lpad(i::varchar, 15, '0') as d_date_id,
    day as d_date,
    ((year(day) - 1900) * 12 + month(day) - 1)::integer as d_month_seq,
    ((i + 3) // 7 + 5100)::integer as d_week_seq,
    ((year(day) - 1900) * 4 + quarter(day) - 1)::integer as d_quarter_seq,
    year(day)::integer as d_year,
    dayofweek(day)::integer as d_dow,
    month(day)::integer as d_moy,
    day(day)::integer as d_dom,
    quarter(day)::integer as d_qoy,
    dayname(day) as d_day_name,
    year(day) || 'Q' || quarter(day) as d_quarter_name,
    case when day(day) = 25 and month(day) = 12 then 'Y' else 'N' end as d_holiday,
    case when dayofweek(day) in (0, 6) then 'Y' else 'N' end as d_weekend
  from (select i, date '1998-01-01' + i::integer as day from range(0, 2191) t(i));

create table time_dim as
  select
    (i * 60)::integer as t_time_sk,
    'T' || lpad(i::varchar, 15, '0') as t_time_id,
    (i * 60)::integer as t_time,
    (i // 60)::integer as t_hour,
    (i % 60)::integer as t_minute,
    0 as t_second,
    case when i < 720 then 'AM' else 'PM' end as t_am_pm,
    case when i // 60 in (6, 7, 8) then 'breakfast' when i // 60 in (11, 12, 13) then 'lunch'
      when i // 60 in (17, 18, 19) then 'dinner' end as t_meal_time
  from range(0, 1440) t(i);

create table reason as
  select i::integer as r_reason_sk, 'R' || lpad(i::varchar, 15, '0') as r_reason_id,
    ['Package was damaged', 'Stopped working', 'Did not get it on time', 'Not the product that was ordered',
     'Parts missing', 'Does not work with a product that I have', 'Gift exchange', 'Did not like the color',
     'Did not like the model', 'Did not fit'][i] as r_reason_desc
  from range(1, 11) t(i);

create table ship_mode as
  select i::integer as sm_ship_mode_sk, 'S' || lpad(i::varchar, 15, '0') as sm_ship_mode_id,
    ['EXPRESS', 'NEXT DAY', 'OVERNIGHT', 'REGULAR', 'TWO DAY'][(i - 1) // 2 + 1] as sm_type,
    ['AIR', 'SURFACE', 'SEA'][i % 3 + 1] as sm_code,
    ['DHL', 'BARIAN', 'UPS', 'FEDEX', 'USPS'][pick(i, 1, 5) + 1] as sm_carrier
  from range(1, 11) t(i);

create table income_band as
  select i::integer as ib_income_band_sk, (i * 10000 - 9999)::integer as ib_lower_bound,
    (i * 10000)::integer as ib_upper_bound
  from range(1, 21) t(i);

create table household_demographics as
  select i::integer as hd_demo_sk, (i % 20 + 1)::integer as hd_income_band_sk,
    ['>10000', '5001-10000', '1001-5000', '501-1000', '0-500', 'Unknown'][pick(i, 2, 6) + 1] as hd_buy_potential,
    pick(i, 3, 10)::integer as hd_dep_count, (pick(i, 4, 6) - 1)::integer as hd_vehicle_count
  from range(1, 401) t(i);

create table customer_demographics as
  select i::integer as cd_demo_sk,
    ['M', 'F'][i % 2 + 1] as cd_gender,
    ['M', 'S', 'D', 'W', 'U'][i // 2 % 5 + 1] as cd_marital_status,
    ['Primary', 'Secondary', 'College', '2 yr Degree', '4 yr Degree', 'Advanced Degree', 'Unknown'][i // 10 % 7 + 1]
      as cd_education_status,
    ((pick(i, 5, 8) + 1) * 500)::integer as cd_purchase_estimate,
    ['Good', 'Low Risk', 'High Risk', 'Unknown'][pick(i, 6, 4) + 1] as cd_credit_rating,
    pick(i, 7, 4)::integer as cd_dep_count, pick(i, 8, 4)::integer as cd_dep_employed_count,
    pick(i, 9, 4)::integer as cd_dep_college_count
  from range(0, 280) t(i);

create table customer_address as
  select i::integer as ca_address_sk, 'A' || lpad(i::varchar, 15, '0') as ca_address_id,
    (pick(i, 10, 999) + 1)::varchar as ca_street_number,
    ['Main', 'Oak', 'Park', 'Lake', 'Hill', 'River'][pick(i, 11, 6) + 1] as ca_street_name,
    ['St', 'Ave', 'Blvd', 'Ct'][pick(i, 12, 4) + 1] as ca_street_type,
    'Suite ' || pick(i, 13, 90) as ca_suite_number,
    ['Fairview', 'Midway', 'Salem', 'Oakland', 'Riverside', 'Union'][pick(i, 14, 6) + 1] as ca_city,
    ['Williamson County', 'Ziebach County', 'Walker County', 'Daviess County', 'Rush County'][pick(i, 15, 5) + 1]
      as ca_county,
    missing(i, 16, 40, ['TN', 'GA', 'TX', 'OH', 'CA', 'WA', 'IL', 'KY'][pick(i, 17, 8) + 1]) as ca_state,
    lpad((pick(i, 18, 40) * 2137 + 10083)::varchar, 5, '0') as ca_zip,
    'United States' as ca_country,
    [-5, -6, -7, -8][pick(i, 19, 4) + 1]::decimal(5, 2) as ca_gmt_offset,
    ['apartment', 'condo', 'single family'][pick(i, 20, 3) + 1] as ca_location_type
  from range(1, 301) t(i);

create table customer as
  select i::integer as c_customer_sk, 'C' || lpad(i::varchar, 15, '0') as c_customer_id,
    missing(i, 21, 50, pick(i, 22, 280)::integer) as c_current_cdemo_sk,
    (pick(i, 23, 400) + 1)::integer as c_current_hdemo_sk,
    (pick(i, 24, 300) + 1)::integer as c_current_addr_sk,
    (2450815 + pick(i, 25, 1800))::integer as c_first_shipto_date_sk,
    (2450815 + pick(i, 26, 1800))::integer as c_first_sales_date_sk,
    ['Mr.', 'Mrs.', 'Ms.', 'Dr.', 'Sir'][pick(i, 27, 5) + 1] as c_salutation,
    missing(i, 28, 30, ['James', 'Mary', 'Robert', 'Linda', 'Li', 'Ana', 'Omar'][pick(i, 29, 7) + 1]) as c_first_name,
    missing(i, 30, 30, ['Smith', 'Jones', 'Garcia', 'Chen', 'Novak', 'Khan', 'Brown', 'Diaz'][pick(i, 31, 8) + 1])
      as c_last_name,
    ['Y', 'N'][pick(i, 32, 2) + 1] as c_preferred_cust_flag,
    (pick(i, 33, 28) + 1)::integer as c_birth_day, (pick(i, 34, 12) + 1)::integer as c_birth_month,
    (1930 + pick(i, 35, 63))::integer as c_birth_year,
    ['CANADA', 'CHILE', 'CHINA', 'GERMANY', 'TOGO', 'UNITED STATES'][pick(i, 36, 6) + 1] as c_birth_country,
    null::varchar as c_login,
    'c' || i || '@example.org' as c_email_address,
    (2450815 + pick(i, 37, 1800))::integer as c_last_review_date_sk
  from range(1, 401) t(i);

create table item as
  select i::integer as i_item_sk, 'I' || lpad(((i + 1) // 2)::varchar, 15, '0') as i_item_id,
    'Item number ' || i || ', as good as any' as i_item_desc,
    money((pick(i, 38, 9900) + 9) / 100) as i_current_price,
    money((pick(i, 39, 6000) + 5) / 100) as i_wholesale_cost,
    (category * 100 + class)::integer as i_brand_id, 'brand #' || category || '.' || class as i_brand,
    (class + 1)::integer as i_class_id,
    missing(i, 40, 45, ['accent', 'bedding', 'classical', 'dresses', 'estate', 'fiction', 'infants', 'mens'][class + 1])
      as i_class,
    (category + 1)::integer as i_category_id,
    missing(i, 41, 45, ['Books', 'Children', 'Electronics', 'Home', 'Jewelry', 'Men', 'Music', 'Shoes', 'Sports',
      'Women'][category + 1]) as i_category,
    (pick(i, 42, 40) + 1)::integer as i_manufact_id, 'manufact ' || pick(i, 42, 40) as i_manufact,
    ['small', 'medium', 'large', 'extra large', 'N/A', 'petite'][pick(i, 43, 6) + 1] as i_size,
    ['red', 'blue', 'green', 'pale', 'slate', 'purple', 'orchid', 'chiffon'][pick(i, 44, 8) + 1] as i_color,
    ['Oz', 'Each', 'Pound', 'Dozen', 'Case'][pick(i, 45, 5) + 1] as i_units,
    'Unknown' as i_container,
    (pick(i, 46, 20) + 1)::integer as i_manager_id,
    'product ' || i as i_product_name
  from (select i, pick(i, 47, 10) as category, pick(i, 48, 8) as class from range(1, 121) t(i));

create table store as
  select i::integer as s_store_sk, 'S' || lpad(((i + 1) // 2)::varchar, 15, '0') as s_store_id,
    ['ought', 'able', 'pri', 'ese', 'anti', 'cally'][i % 6 + 1] as s_store_name,
    (200 + pick(i, 49, 100))::integer as s_number_employees, (5000000 + pick(i, 50, 4000000))::integer as s_floor_space,
    '8AM-4PM' as s_hours, 'Manager ' || i as s_manager, (pick(i, 51, 6) + 3)::integer as s_market_id,
    ['Williamson County', 'Ziebach County', 'Walker County'][pick(i, 52, 3) + 1] as s_county,
    ['TN', 'GA', 'TX', 'OH'][pick(i, 53, 4) + 1] as s_state,
    ['Fairview', 'Midway', 'Salem'][pick(i, 54, 3) + 1] as s_city,
    lpad((pick(i, 55, 40) * 2137 + 10083)::varchar, 5, '0') as s_zip,
    [-5, -6][pick(i, 56, 2) + 1]::decimal(5, 2) as s_gmt_offset, 1 as s_company_id, 'Unknown' as s_company_name,
    (pick(i, 57, 999) + 1)::varchar as s_street_number, 'Main' as s_street_name, 'St' as s_street_type,
    'Suite ' || i as s_suite_number
  from range(1, 13) t(i);

create table warehouse as
  select i::integer as w_warehouse_sk, 'W' || lpad(i::varchar, 15, '0') as w_warehouse_id,
    ['Conventional childr', 'Important issues', 'Doors canno', 'Bad cards must make'][i] as w_warehouse_name,
    (50000 + pick(i, 58, 900000))::integer as w_warehouse_sq_ft, 'Fairview' as w_city, 'Williamson County' as w_county,
    ['TN', 'GA', 'TX', 'OH'][i] as w_state, 'United States' as w_country
  from range(1, 5) t(i);

create table call_center as
  select i::integer as cc_call_center_sk, 'CC' || lpad(i::varchar, 14, '0') as cc_call_center_id,
    'center ' || i as cc_name, ['small', 'medium', 'large'][i % 3 + 1] as cc_class,
    'Manager ' || i as cc_manager, ['Williamson County', 'Ziebach County'][i % 2 + 1] as cc_county
  from range(1, 7) t(i);

create table catalog_page as
  select i::integer as cp_catalog_page_sk, 'P' || lpad(i::varchar, 15, '0') as cp_catalog_page_id,
    'DEPARTMENT' as cp_department, (i // 10)::integer as cp_catalog_number, (i % 10)::integer as cp_catalog_page_number
  from range(1, 51) t(i);

create table web_site as
  select i::integer as web_site_sk, 'WS' || lpad(i::varchar, 14, '0') as web_site_id, 'site_' || i % 4 as web_name,
    ['pri', 'able', 'ese'][i % 3 + 1] as web_company_name
  from range(1, 9) t(i);

create table web_page as
  select i::integer as wp_web_page_sk, 'WP' || lpad(i::varchar, 14, '0') as wp_web_page_id,
    (2000 + i * 200)::integer as wp_char_count
  from range(1, 21) t(i);

create table promotion as
  select i::integer as p_promo_sk, 'PR' || lpad(i::varchar, 14, '0') as p_promo_id,
    (pick(i, 59, 120) + 1)::integer as p_item_sk, 'promo ' || i as p_promo_name,
    ['Y', 'N'][pick(i, 60, 2) + 1] as p_channel_dmail, ['Y', 'N'][pick(i, 61, 2) + 1] as p_channel_email,
    ['Y', 'N'][pick(i, 62, 2) + 1] as p_channel_tv, ['Y', 'N'][pick(i, 63, 2) + 1] as p_channel_event
  from range(1, 31) t(i);

create table inventory as
  select (2450815 + week * 7)::integer as inv_date_sk, (item * 4 + 1)::integer as inv_item_sk,
    (warehouse + 1)::integer as inv_warehouse_sk,
    missing(n, 64, 20, (pick(n, 65, 1000) * (1 + pick(item, 66, 2) * (week % 2)))::integer) as inv_quantity_on_hand
  from (
    select week, item, warehouse, week * 120 + item * 4 + warehouse as n
    from range(0, 261) a(week), range(0, 30) b(item), range(0, 4) c(warehouse)
  );

create table store_sales as
  select
    missing(ticket, 70, 60, (2450815 + pick(ticket, 71, 1826))::integer) as ss_sold_date_sk,
    ((480 + pick(ticket, 72, 800)) * 60)::integer as ss_sold_time_sk,
    item_sk as ss_item_sk,
    missing(ticket, 73, 40, customer_sk) as ss_customer_sk,
    pick(ticket, 74, 280)::integer as ss_cdemo_sk,
    (pick(ticket, 75, 400) + 1)::integer as ss_hdemo_sk,
    (pick(ticket, 76, 300) + 1)::integer as ss_addr_sk,
    missing(ticket, 77, 50, (pick(ticket, 78, 12) + 1)::integer) as ss_store_sk,
    (pick(n, 79, 30) + 1)::integer as ss_promo_sk,
    ticket::integer as ss_ticket_number,
    quantity as ss_quantity, wholesale as ss_wholesale_cost, list as ss_list_price, price as ss_sales_price,
    money(quantity * (list - price)) as ss_ext_discount_amt, money(quantity * price) as ss_ext_sales_price,
    money(quantity * wholesale) as ss_ext_wholesale_cost, money(quantity * list) as ss_ext_list_price,
    money(quantity * price * 0.05) as ss_ext_tax, coupon as ss_coupon_amt,
    money(quantity * price) - coupon as ss_net_paid, money(quantity * price * 1.05) - coupon as ss_net_paid_inc_tax,
    money(quantity * (price - wholesale)) - coupon as ss_net_profit
  from (
    select n, n // 6 + 1 as ticket, (pick(n // 6, 80, 400) + 1)::integer as customer_sk,
      ((pick(n // 6, 81, 20) * 6 + n % 6) % 120 + 1)::integer as item_sk,
      missing(n, 82, 80, (pick(n, 83, 100) + 1)::integer) as quantity,
      money((pick(n, 84, 9900) + 100) / 100) as wholesale,
      money((pick(n, 84, 9900) + 100) / 100 * (1 + pick(n, 85, 100) / 100)) as list,
      money((pick(n, 84, 9900) + 100) / 100 * (1 + pick(n, 85, 100) / 100) * pick(n, 86, 101) / 100) as price,
      money(pick(n, 87, 5) // 4 * pick(n, 88, 2000) / 100) as coupon
    from range(0, 12000) t(n)
  );

create table store_returns as
  select
    (ss_sold_date_sk + 1 + pick(n, 90, 90))::integer as sr_returned_date_sk,
    ((480 + pick(n, 91, 800)) * 60)::integer as sr_return_time_sk,
    ss_item_sk as sr_item_sk, missing(n, 92, 30, ss_customer_sk) as sr_customer_sk, ss_cdemo_sk as sr_cdemo_sk,
    ss_hdemo_sk as sr_hdemo_sk, ss_addr_sk as sr_addr_sk, ss_store_sk as sr_store_sk,
    (pick(n, 93, 10) + 1)::integer as sr_reason_sk, ss_ticket_number as sr_ticket_number,
    (1 + pick(n, 94, ss_quantity))::integer as sr_return_quantity,
    money((1 + pick(n, 94, ss_quantity)) * ss_sales_price) as sr_return_amt,
    money((1 + pick(n, 94, ss_quantity)) * ss_sales_price * 0.05) as sr_return_tax,
    money(pick(n, 95, 10000) / 100) as sr_fee, money(pick(n, 96, 9000) / 100) as sr_return_ship_cost,
    money((1 + pick(n, 94, ss_quantity)) * ss_sales_price * pick(n, 97, 100) / 100) as sr_refunded_cash,
    money(pick(n, 98, 90000) / 100) as sr_net_loss
  from (select *, ss_ticket_number * 128 + ss_item_sk as n from store_sales)
  where pick(n, 89, 8) = 0;

create table catalog_sales as
  select
    (2450815 + pick(o, 100, 1826))::integer as cs_sold_date_sk,
    ((480 + pick(o, 101, 800)) * 60)::integer as cs_sold_time_sk,
    missing(n, 102, 70, (2450815 + pick(o, 100, 1826) + 2 + pick(n, 103, 140))::integer) as cs_ship_date_sk,
    missing(o, 104, 60, (pick(o, 105, 400) + 1)::integer) as cs_bill_customer_sk,
    pick(o, 106, 280)::integer as cs_bill_cdemo_sk, (pick(o, 107, 400) + 1)::integer as cs_bill_hdemo_sk,
    (pick(o, 108, 300) + 1)::integer as cs_bill_addr_sk,
    (pick(o, 109, 400) + 1)::integer as cs_ship_customer_sk,
    missing(o, 110, 60, (pick(o, 111, 300) + 1)::integer) as cs_ship_addr_sk,
    (pick(o, 112, 6) + 1)::integer as cs_call_center_sk, (pick(n, 113, 50) + 1)::integer as cs_catalog_page_sk,
    (pick(n, 114, 10) + 1)::integer as cs_ship_mode_sk, (pick(n, 115, 4) + 1)::integer as cs_warehouse_sk,
    item_sk as cs_item_sk, (pick(n, 116, 30) + 1)::integer as cs_promo_sk, o::integer as cs_order_number,
    quantity as cs_quantity, wholesale as cs_wholesale_cost, list as cs_list_price, price as cs_sales_price,
    money(quantity * (list - price)) as cs_ext_discount_amt, money(quantity * price) as cs_ext_sales_price,
    money(quantity * wholesale) as cs_ext_wholesale_cost, money(quantity * list) as cs_ext_list_price,
    money(quantity * price * 0.05) as cs_ext_tax, money(0) as cs_coupon_amt,
    money(pick(n, 117, 2000) / 100) as cs_ext_ship_cost,
    money(quantity * price) as cs_net_paid, money(quantity * price * 1.05) as cs_net_paid_inc_tax,
    money(quantity * (price - wholesale)) as cs_net_profit
  from (
    select n, n // 4 + 1 as o, ((pick(n // 4, 118, 30) * 4 + n % 4) % 120 + 1)::integer as item_sk,
      (pick(n, 119, 100) + 1)::integer as quantity,
      money((pick(n, 120, 9900) + 100) / 100) as wholesale,
      money((pick(n, 120, 9900) + 100) / 100 * (1 + pick(n, 121, 100) / 100)) as list,
      money((pick(n, 120, 9900) + 100) / 100 * (1 + pick(n, 121, 100) / 100) * pick(n, 122, 101) / 100) as price
    from range(0, 8000) t(n)
  );

create table catalog_returns as
  select
    (cs_sold_date_sk + 1 + pick(n, 131, 90))::integer as cr_returned_date_sk,
    cs_item_sk as cr_item_sk, cs_bill_customer_sk as cr_refunded_customer_sk,
    cs_ship_customer_sk as cr_returning_customer_sk, cs_bill_addr_sk as cr_returning_addr_sk,
    cs_call_center_sk as cr_call_center_sk, cs_catalog_page_sk as cr_catalog_page_sk,
    cs_warehouse_sk as cr_warehouse_sk, (pick(n, 132, 10) + 1)::integer as cr_reason_sk,
    cs_order_number as cr_order_number,
    (1 + pick(n, 133, cs_quantity))::integer as cr_return_quantity,
    money((1 + pick(n, 133, cs_quantity)) * cs_sales_price) as cr_return_amount,
    money((1 + pick(n, 133, cs_quantity)) * cs_sales_price * 1.05) as cr_return_amt_inc_tax,
    money((1 + pick(n, 133, cs_quantity)) * cs_sales_price * pick(n, 134, 100) / 100) as cr_refunded_cash,
    money(pick(n, 135, 5000) / 100) as cr_store_credit, money(pick(n, 136, 5000) / 100) as cr_reversed_charge,
    money(pick(n, 137, 90000) / 100) as cr_net_loss
  from (select *, cs_order_number * 128 + cs_item_sk as n from catalog_sales)
  where pick(n, 130, 7) = 0;

create table web_sales as
  select
    (2450815 + pick(o, 140, 1826))::integer as ws_sold_date_sk,
    ((pick(o, 141, 1440)) * 60)::integer as ws_sold_time_sk,
    missing(n, 142, 70, (2450815 + pick(o, 140, 1826) + 1 + pick(n, 143, 140))::integer) as ws_ship_date_sk,
    item_sk as ws_item_sk,
    missing(o, 144, 60, (pick(o, 145, 400) + 1)::integer) as ws_bill_customer_sk,
    pick(o, 146, 280)::integer as ws_bill_cdemo_sk, (pick(o, 147, 400) + 1)::integer as ws_bill_hdemo_sk,
    (pick(o, 148, 300) + 1)::integer as ws_bill_addr_sk,
    (pick(o, 149, 400) + 1)::integer as ws_ship_customer_sk,
    (pick(o, 150, 400) + 1)::integer as ws_ship_hdemo_sk, (pick(o, 151, 300) + 1)::integer as ws_ship_addr_sk,
    (pick(n, 152, 20) + 1)::integer as ws_web_page_sk, (pick(o, 153, 8) + 1)::integer as ws_web_site_sk,
    (pick(n, 154, 10) + 1)::integer as ws_ship_mode_sk, (pick(n, 155, 4) + 1)::integer as ws_warehouse_sk,
    (pick(n, 156, 30) + 1)::integer as ws_promo_sk, o::integer as ws_order_number,
    quantity as ws_quantity, wholesale as ws_wholesale_cost, list as ws_list_price, price as ws_sales_price,
    money(quantity * (list - price)) as ws_ext_discount_amt, money(quantity * price) as ws_ext_sales_price,
    money(quantity * wholesale) as ws_ext_wholesale_cost, money(quantity * list) as ws_ext_list_price,
    money(quantity * price * 0.05) as ws_ext_tax, money(0) as ws_coupon_amt,
    money(pick(n, 157, 2000) / 100) as ws_ext_ship_cost,
    money(quantity * price) as ws_net_paid, money(quantity * (price - wholesale)) as ws_net_profit
  from (
    select n, n // 4 + 1 as o, ((pick(n // 4, 158, 30) * 4 + n % 4) % 120 + 1)::integer as item_sk,
      (pick(n, 159, 100) + 1)::integer as quantity,
      money((pick(n, 160, 9900) + 100) / 100) as wholesale,
      money((pick(n, 160, 9900) + 100) / 100 * (1 + pick(n, 161, 100) / 100)) as list,
      money((pick(n, 160, 9900) + 100) / 100 * (1 + pick(n, 161, 100) / 100) * pick(n, 162, 101) / 100) as price
    from range(0, 6000) t(n)
  );

create table web_returns as
  select
    (ws_sold_date_sk + 1 + pick(n, 171, 90))::integer as wr_returned_date_sk,
    ws_item_sk as wr_item_sk, ws_bill_customer_sk as wr_refunded_customer_sk,
    ws_bill_cdemo_sk as wr_refunded_cdemo_sk, ws_bill_addr_sk as wr_refunded_addr_sk,
    ws_ship_customer_sk as wr_returning_customer_sk, ws_bill_cdemo_sk as wr_returning_cdemo_sk,
    ws_ship_addr_sk as wr_returning_addr_sk, ws_web_page_sk as wr_web_page_sk,
    (pick(n, 172, 10) + 1)::integer as wr_reason_sk, ws_order_number as wr_order_number,
    (1 + pick(n, 173, ws_quantity))::integer as wr_return_quantity,
    money((1 + pick(n, 173, ws_quantity)) * ws_sales_price) as wr_return_amt,
    money(pick(n, 174, 10000) / 100) as wr_fee,
    money((1 + pick(n, 173, ws_quantity)) * ws_sales_price * pick(n, 175, 100) / 100) as wr_refunded_cash,
    money(pick(n, 176, 90000) / 100) as wr_net_loss
  from (select *, ws_order_number * 128 + ws_item_sk as n from web_sales)
  where pick(n, 170, 7) = 0;
