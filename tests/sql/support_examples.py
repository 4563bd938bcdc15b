"""Which constructs does the page about SQL show, each with one query over open tables and one over protected ones?"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Example:
    """A construct in both languages; `open` reads the tables sale and shop, `protected` the rows of persons."""

    zh: str
    en: str
    open: str
    protected: str


def _row(zh: str, en: str, open_: str, protected: str) -> Example:
    return Example(zh=zh, en=en, open=open_, protected=protected)


EXAMPLES = (
    _row(
        "逐行输出",
        "rows as they are",
        "SELECT * EXCLUDE (paid) FROM sale ORDER BY id LIMIT 9",
        "SELECT region FROM person",
    ),
    _row(
        "分组汇总, GROUP BY ALL、序号、别名",
        "groups: GROUP BY ALL, positions, aliases",
        "SELECT kind AS k, sum(qty) FROM sale GROUP BY k",
        "SELECT region, count(*), avg(income) FROM person GROUP BY ALL",
    ),
    _row(
        "FILTER、CASE、HAVING",
        "FILTER, CASE, HAVING",
        "SELECT kind, count(*) FILTER (paid) FROM sale GROUP BY kind HAVING max(qty) > 2",
        "SELECT region, count(*) FILTER (sick) FROM person GROUP BY region HAVING count(*) > 20",
    ),
    _row(
        "ROLLUP、CUBE、GROUPING SETS、GROUPING()",
        "ROLLUP, CUBE, GROUPING SETS, GROUPING()",
        "SELECT shop, kind, sum(qty) FROM sale GROUP BY ROLLUP (shop, kind)",
        "SELECT region, sex, count(*) FROM person GROUP BY ROLLUP (region, sex)",
    ),
    _row(
        "中位数、分位数",
        "medians and quantiles",
        "SELECT median(price), quantile_cont(qty, 0.9) FROM sale",
        "SELECT region, median(income) FROM person GROUP BY region",
    ),
    _row(
        "最小、最大、列表、拼接",
        "smallest, largest, lists, joined texts",
        "SELECT max(price), string_agg(kind, ',' ORDER BY id) FROM sale",
        "SELECT string_agg(sex, ',') FROM person",
    ),
    _row("去重", "DISTINCT", "SELECT DISTINCT kind FROM sale", "SELECT DISTINCT region, sex FROM person"),
    _row(
        "DISTINCT ON",
        "DISTINCT ON",
        "SELECT DISTINCT ON (shop) id FROM sale ORDER BY shop, price, id",
        "SELECT count(*) FROM (SELECT DISTINCT ON (region) sex FROM person)",
    ),
    _row(
        "内连接、逗号连接、USING、NATURAL",
        "joins: inner, comma, USING, NATURAL",
        "SELECT name, count(*) FROM sale NATURAL JOIN shop GROUP BY name",
        "SELECT region, sum(cost) FROM person NATURAL JOIN visit GROUP BY region",
    ),
    _row(
        "左连接",
        "LEFT JOIN",
        "SELECT name, count(id) FROM shop LEFT JOIN sale USING (shop) GROUP BY name",
        "SELECT region, count(v.cost) FROM person p LEFT JOIN visit v ON v.person_id = p.person_id GROUP BY region",
    ),
    _row(
        "右连接、全连接",
        "RIGHT and FULL JOIN",
        "SELECT count(*) FROM sale FULL JOIN shop USING (shop)",
        "SELECT count(*) FROM person FULL JOIN visit USING (person_id)",
    ),
    _row(
        "SEMI、ANTI 连接",
        "SEMI and ANTI JOIN",
        "SELECT count(*) FROM sale ANTI JOIN shop USING (shop)",
        "SELECT sex, count(*) FROM person SEMI JOIN visit USING (person_id) GROUP BY sex",
    ),
    _row(
        "ASOF 连接",
        "ASOF JOIN",
        "SELECT a.id, b.id FROM sale a ASOF JOIN sale b ON a.shop = b.shop AND a.id > b.id",
        "SELECT count(*) FROM person p ASOF JOIN visit v ON p.person_id = v.person_id AND p.income >= v.cost",
    ),
    _row(
        "窗口、命名窗口、框架、QUALIFY",
        "windows, named windows, frames, QUALIFY",
        "SELECT id FROM sale QUALIFY row_number() OVER (PARTITION BY shop ORDER BY price, id) = 1",
        "SELECT region, count(*), rank() OVER (ORDER BY count(*)) FROM person GROUP BY region",
    ),
    _row(
        "跨主体的窗口",
        "windows across subjects",
        "SELECT id, lag(qty) OVER (ORDER BY id) FROM sale",
        "SELECT avg(r) FROM (SELECT rank() OVER (ORDER BY income) AS r FROM person)",
    ),
    _row(
        "WITH、嵌套子查询",
        "WITH and nested queries",
        "WITH t AS (SELECT shop, sum(qty) AS q FROM sale GROUP BY shop) SELECT avg(q) FROM t",
        "WITH t AS (SELECT person_id, sum(cost) AS s FROM visit GROUP BY 1) SELECT count(*), avg(s) FROM t",
    ),
    _row(
        "IN、EXISTS、= ANY、<> ALL",
        "IN, EXISTS, = ANY, <> ALL",
        "SELECT id FROM sale WHERE shop = ANY (SELECT shop FROM shop WHERE boss = 1)",
        "SELECT count(*) FROM person WHERE person_id IN (SELECT person_id FROM visit WHERE clinic = 'c1')",
    ),
    _row(
        "相关子查询",
        "correlated queries",
        "SELECT id FROM sale s WHERE price = (SELECT max(price) FROM sale x WHERE x.shop = s.shop)",
        "SELECT count(*) FROM person p WHERE EXISTS (SELECT 1 FROM visit v WHERE v.person_id = p.person_id)",
    ),
    _row(
        "与其他主体相关的子查询",
        "queries correlated with other subjects",
        "SELECT count(*) FROM sale s WHERE EXISTS (SELECT 1 FROM sale x WHERE x.shop = s.shop AND x.id < s.id)",
        "SELECT count(*) FROM person p WHERE EXISTS (SELECT 1 FROM person q WHERE q.income > p.income)",
    ),
    _row(
        "UNION ALL、BY NAME",
        "UNION ALL, BY NAME",
        "SELECT shop FROM sale UNION ALL BY NAME SELECT boss AS shop FROM shop",
        "SELECT avg(x) FROM (SELECT income AS x FROM person UNION ALL SELECT cost FROM visit)",
    ),
    _row(
        "UNION、EXCEPT、INTERSECT",
        "UNION, EXCEPT, INTERSECT",
        "SELECT shop FROM shop EXCEPT SELECT shop FROM sale",
        "SELECT count(*) FROM (SELECT region FROM person INTERSECT SELECT region FROM area)",
    ),
    _row(
        "行比较",
        "rows compared",
        "SELECT id FROM sale WHERE (shop, qty) IN ((1, 2), (2, 3))",
        "SELECT count(*) FROM person WHERE (region, sex) IN ((1, 'm'), (2, 'f'))",
    ),
    _row(
        "VALUES 表",
        "VALUES as a table",
        "SELECT label FROM shop JOIN (VALUES (1, 'one')) v(shop, label) USING (shop)",
        "SELECT label, count(*) FROM person JOIN (VALUES (1, 'one')) v(region, label) USING (region) GROUP BY label",
    ),
    _row(
        "列表、结构、lambda",
        "lists, structs, lambdas",
        "SELECT list_filter([qty, shop], lambda x: x > 2) FROM sale",
        "SELECT region, sum(len([income])) FROM person GROUP BY region",
    ),
    _row("位运算", "bits", "SELECT id & 7 FROM sale", "SELECT sum(income & 1) FROM person"),
    _row(
        "递归 WITH",
        "WITH RECURSIVE",
        "WITH RECURSIVE t AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM t WHERE n < 5) SELECT n FROM t",
        "WITH RECURSIVE t AS (SELECT region FROM person UNION ALL SELECT region FROM t) SELECT count(*) FROM t",
    ),
    _row(
        "表函数、UNNEST",
        "table functions, UNNEST",
        "SELECT * FROM range(10)",
        "SELECT unnest([income]) FROM person",
    ),
    _row(
        "PIVOT、抽样",
        "PIVOT, samples",
        "SELECT id FROM sale USING SAMPLE 5",
        "FROM person PIVOT (count(*) FOR sex IN ('f'))",
    ),
    _row(
        "LATERAL、POSITIONAL 连接",
        "LATERAL and POSITIONAL joins",
        "SELECT count(*) FROM sale POSITIONAL JOIN shop",
        "SELECT t.n FROM area a, LATERAL (SELECT count(*) AS n FROM person p WHERE p.region = a.region) t",
    ),
    _row(
        "时钟与随机数", "clock and chance", "SELECT now(), random()", "SELECT count(*) FROM person WHERE random() < 0.5"
    ),
)
