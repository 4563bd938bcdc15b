-- Texts: functions, patterns, slices, quotes and escapes.
select 'it''s', '', ' ', 'a' || 'b' || 'c', 'a' || null, concat('a', null, 'b'), concat_ws('-', 'a', null, 'b');
select 'back\slash', '中文', 'a"b', '%', '_';
select 'a' || 1 || 2.5, 1 || 'a', 'a' || true, 'a' || date '2025-01-01';
select upper('abc'), lower('ABC'), ucase('a'), lcase('A'), length('héllo'), len('中文'), strlen('中文'), char_length('ab');
select id, upper(kind), lower(kind), length(kind), reverse(kind), kind || '/' || kind, concat(kind, '-', id) from sale order by id;
select substring('hello', 2, 3), substring('hello', 2), substr('hello', -3), substr('hello', -3, 2), substring('hello' from 2 for 3), substring('hello' from 3);
select left('hello', 2), left('hello', -2), right('hello', 2), right('hello', -2), left('中文字', 2);
select 'hello'[1], 'hello'[2:3], 'hello'[:2], 'hello'[3:], 'hello'[-3:], 'hello'[-3:-2], 'hello'[9], 'hello'[4:2];
select id, kind[1], kind[2:], kind[:1] from sale order by id;
select trim('  a '), ltrim('  a '), rtrim('  a '), trim('xax', 'x'), ltrim('xxa', 'x'), rtrim('axx', 'x'), trim(both 'x' from 'xax'), trim(leading 'x' from 'xax');
select replace('banana', 'an', 'x'), translate('abc', 'ab', 'xy'), strip_accents('héllo'), ascii('a'), unicode('é'), ord('a');
select instr('hello', 'l'), strpos('hello', 'l'), position('l' in 'hello'), contains('hello', 'ell'), starts_with('hello', 'he'), ends_with('hello', 'lo'), prefix('abc', 'ab'), suffix('abc', 'bc');
select 'hello' ^@ 'he', starts_with(kind, 'A'), kind ^@ 'b' from sale order by id;
select split_part('a-b-c', '-', 2), split_part('a-b-c', '-', -1), split_part('abc', '-', 1);
select kind from sale where kind like 'A%' order by id;
select kind from sale where kind like '_b' or kind like '%\%' escape '\' order by id;
select kind from sale where kind not like '%b' order by id;
select kind from sale where kind ilike 'AB' or kind ilike '%C' order by id;
select kind from sale where kind not ilike 'a%' order by id;
select 'a%c' like 'a\%c' escape '\', 'abc' like 'a\%c' escape '\', 'a_c' like 'a$_c' escape '$';
select kind from sale where not kind like 'A%' order by id;
select kind from sale where kind ~~ 'A%' or kind !~~ '%b%' order by id;
select kind from sale where kind ~~* 'a%' or kind !~~* '%B%' order by id;
select kind from sale where kind glob 'A*' order by id;
select 'abc' glob 'a?c', 'abc' glob '[a-b]bc', 'abc' glob 'A*', not 'abc' glob 'b*';
select 'abc' ~ 'b', 'abc' ~ '^b', 'abc' !~ 'b', 'abc' similar to 'b', 'abc' similar to 'a.c', 'abc' not similar to 'a.c';
select id from sale where kind ~ '^[Aa]' or kind !~ 'b' order by id;
select id from sale where kind similar to '(Ab|bC)' order by id;
select regexp_matches('hello', 'l+'), regexp_full_match('hello', 'h.*o'), regexp_extract('a12b', '[0-9]+'), regexp_extract('a12b', '([a-z])([0-9]+)', 2);
select regexp_replace('banana', 'an', 'x'), regexp_replace('banana', 'an', 'x', 'g'), regexp_replace('aBc', 'b', 'x', 'i'), regexp_replace('ab', '(a)(b)', '\2\1');
select regexp_matches('Hello', 'h', 'i'), regexp_matches(kind, '[%_]') from sale order by id;
select string_agg(kind, ',' order by id), string_agg(distinct kind, '/' order by kind), group_concat(kind, ';' order by id desc) from sale where id < 20;
select shop, string_agg(kind, '|' order by id), listagg(kind, ',' order by id) from sale group by shop order by shop;
select min(kind), max(kind), count(distinct kind), count(kind) from sale;
select kind, count(*) from sale group by kind order by kind desc nulls first;
select "城市", count(*) from sale group by "城市" order by 1;
select 城市 from sale where 城市 = '杭州' order by id limit 3;
select 城市 || kind as 名称, length(城市) from sale order by id limit 5;
select cast(id as varchar) || '.' || cast(qty as text), (id::text)[1:1] from sale order by id;
select nfc_normalize('é'), octet_length('a'::blob) from sale limit 1;
select '--', '/* x */', ';' -- a comment; with a semicolon
;
select /* between */ 'x' /* after */, kind from sale -- end
order by id limit 2;
-- refused: function-needs-constant
select regexp_matches(kind, kind) from sale;
-- refused: function-needs-constant
select replace(kind, kind, 'x') from sale;
-- refused: function-refused
select repeat('a', 3);
-- refused: function-refused
select lpad('a', 3, 'x');
-- refused: function-refused
select md5('a');
-- refused: construct-refused
select kind[qty] from sale;
