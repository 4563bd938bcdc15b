-- Lists, structs, lambdas, VALUES: over open data only.
select [1, 2, 3], [1, 2, 3][1], [1, 2, 3][-1], [1, 2, 3][2:3], [1, 2][5], [qty, shop] from sale order by id limit 3;
select list_transform([1, 2, 3], lambda x: x * 2), list_filter([1, 2, 3], lambda x: x > 1), list_reduce([1, 2, 3], lambda a, b: a + b);
select id, list_transform([qty, shop], lambda x: x + id), list_sum([qty, shop]), list_max([qty, shop, 3]) from sale order by id;
select shop, list_sort(list(distinct kind)), array_to_string(list_sort(list(distinct kind)), ',') from sale group by shop order by shop;
select shop, list_filter(list(qty order by id), lambda q: q > 3)[1:3] from sale group by shop order by shop;
select id from sale where list_contains([1, 3, 5], qty) order by id;
select string_split('a,b,c', ','), string_split('a,b,c', ',')[2], len(string_split('a-b', '-')), split('x y', ' ')[1];
select id, string_split(城市 || ',' || coalesce(kind, ''), ',')[2] from sale order by id;
select regexp_extract_all('a1b22', '[0-9]+'), list_reverse([1, 2]), list_concat([1], [2]), list_append([1], 2), list_prepend(0, [1]);
select list_position([5, 6], 6), list_unique([1, 1, 2]), list_count([1, null]), list_avg([1, 2]), list_min([2, 1]), array_length([1, 2]), flatten([[1], [2]]);
select {'a': 1, 'b': 'x'}, {'a': 1, 'b': 'x'}.b, struct_extract({'a': 1}, 'a'), struct_pack(a := 1, b := 2).b;
select s.a, s.b from (select {'a': id, 'b': kind} as s from sale) order by s.a limit 3;
-- refused: construct-refused
select t.s.a + 1 from (select {'a': id} as s from sale) t order by 1 limit 3;
select arg_max({'p': price, 'k': kind}, id).k from sale;
select id, list_filter([1, 2, 3, 4], lambda x: x > qty and x < shop) from sale order by id;
select list_transform([[1, 2], [3]], lambda l: list_sum(list_transform(l, lambda x: x * 10)));
select * from (values (1, 'a'), (2, 'b')) v(x, y) order by x;
select s.id, v.label from sale s join (values (1, 'one'), (2, 'two'), (3, null)) as v(shop, label) on v.shop = s.shop order by s.id;
with v(code, label) as (values ('Ab', 'first'), ('bC', 'second')) select label, count(*) from sale join v on kind = code group by label order by label;
select count(*) from sale where shop in (select x from (values (1), (2)) t(x));
select x from (values (date '2025-01-01' + 1), (date '2025-01-05')) t(x) order by x;
select len([1, 2]), length([1, 2, 3]), [1, 2] || [3], [1, 2] = [1, 2], [1] < [2];
select quantile_cont(price, [0.25, 0.5, 0.75]), quantile_disc(qty, [0.1, 0.9]) from sale;
select max(price, 3) = [9.99, 9.98, 9.96], list_has_all([1, 2], [1]) from sale;
-- refused: construct-refused
select [x + 1 for x in [1, 2] if x > 1];
-- refused: function-refused
select unnest([1, 2]);
-- refused: construct-refused
select count(*) from sale, (values (sale.id)) v(x);
-- refused: function-refused
select list_aggregate([1, 2], 'sum');
-- refused: construct-refused
select kind.upper() from sale;
