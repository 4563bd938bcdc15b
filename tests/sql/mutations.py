"""Which rules of the analysis can be switched off, and which existing query of these tests must notice?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from sqlglot import exp

from app.domain.values import Level
from app.query import analysis, cutting, frontier, govern, guarded, joined, names, parse, relations, uses
from app.query.equality import Equalities
from app.query.flows import Scope
from app.query.relations import Kind, Relation, Rows
from app.query.weights import Pieces

Off = Callable[..., Any]


@dataclass(frozen=True, kw_only=True)
class Mutation:
    """A rule; where it stands and what stands there when it is off; the kind of test and a part of the query."""

    rule: str
    owner: Any
    attribute: str
    off: Any
    test: str
    query: str

    def __str__(self) -> str:
        """What is switched off."""
        return self.rule


def nothing(*_: object, **__: object) -> None:
    """A rule that is off."""


def empty(*_: object, **__: object) -> list[Any]:
    """A rule that finds nothing."""
    return []


def _no_columns(*_: object) -> dict[str, Any]:
    return {}


def none_flows(*_: object, **__: object) -> frozenset[Any]:
    """Nothing flows."""
    return frozenset()


def yes(*_: object, **__: object) -> bool:
    """A rule that agrees to everything."""
    return True


def no(*_: object, **__: object) -> bool:
    """A rule that sees nothing."""
    return False


def _flows_given(_self: Any, flows: Any, *_: object) -> Any:
    return flows


def _value_of_this(self: Any, node: Any) -> Any:
    return self.value(node.this)


def _branches_only(self: Any, node: Any) -> Any:
    return frozenset().union(*(self.value(b.args["true"]) for b in node.args.get("ifs") or [] if b.args.get("true")))


def _without_outer(self: Scope, column: exp.Column) -> Any:
    return self.sources.get(column.table.lower(), {}).get(column.name.lower(), frozenset())


_aggregate = uses._Select._aggregate


def _forgets_units(self: Any, node: Any) -> Any:
    self.per_unit = False
    return _aggregate(self, node)


def _any_identifier(self: Any, left: Any, right: Any, _bare: bool) -> Any:
    return self._decided(left | right, "link")


def _of_every_join(select: exp.Select) -> Equalities:
    found = Equalities()
    for join in select.args.get("joins") or []:
        found._add(join.args.get("on"))
    return found


def _unchecked_sets(self: Any, query: Any, env: Any, *, hidden: bool) -> Relation:
    self.query(query.this, env, hidden=hidden)
    self.query(query.expression, env, hidden=hidden)
    return Relation(kind=Kind.PUBLIC)


def _all_covered(_keys: Any, units: list[Any], _equal: Any) -> dict[int, int]:
    return dict.fromkeys(range(len(units)), 0)


def _not_grouped(*_: object) -> exp.Expr:
    return exp.Literal.number(0)


def _no_aliases(_select: exp.Expr) -> set[str]:
    return set()


def _no_windows(*_: object) -> tuple[list[Any], list[Any]]:
    return [], []


def _first_factor(self: Pieces, _other: Pieces, *, weighed: bool) -> Pieces:
    return self


_unit_relation = relations.unit_relation


def _no_pieces(select: exp.Select, rows: Rows) -> Relation:
    return replace(_unit_relation(select, rows), pieces={})


def _left_side(left: Relation, _right: Relation, _query: exp.SetOperation) -> Relation:
    return left


def _open_level(*_: object) -> Level:
    return Level.L1


def _m(rule: str, owner: Any, attribute: str, off: Any, test: str, query: str) -> Mutation:
    return Mutation(rule=rule, owner=owner, attribute=attribute, off=off, test=test, query=query)


_S, _G = uses._Select, govern._Governor

MUTATIONS = (
    # what a field is used for
    _m("what a condition compares is a use", _S, "_decided", _flows_given, "uses", "from p where a = 1"),
    _m("ORDER BY is a use", _S, "ordered", nothing, "uses", "',' order by a"),
    _m("ORDER BY sees the output columns", uses, "_by_name", _no_columns, "uses", "order by n limit 3"),
    _m("what CASE decides by is a use", _S, "_case", _branches_only, "uses", "case when"),
    _m("what FILTER decides by is a use", _S, "_filtered", _value_of_this, "uses", "filter (where f)"),
    _m(
        "labels that stay inside are links",
        uses.UseFinder,
        "as_labels",
        _flows_given,
        "uses",
        "select count(*)\nfrom p group by a",
    ),
    _m("columns from outside are uses", Scope, "flows", _without_outer, "uses", "where x.a = q.c"),
    _m("a window looks at its keys", _S, "_window", _value_of_this, "uses", "partition by b order by s"),
    _m("members of a list are compared", _S, "_member", none_flows, "uses", "(id, a) in (select"),
    _m("an aggregate's order is a use", _S, "_in_order", _value_of_this, "uses", "',' order by a"),
    _m("a lambda holds its list", _S, "_arguments", _S._children, "uses", "list_filter([a, b]"),
    _m("an identifier meets its own registry", _S, "_linked", _any_identifier, "uses", "p.id = q.c"),
    _m("an identifier within a key is a label", _S, "key", _S.value, "uses", "group by id + 1"),
    _m(
        "a unit's sum is its value still", _S, "_aggregate", _forgets_units, "refused", "select max(x) from (select per"
    ),
    _m("some statistics show values", uses, "SHOW_VALUES", frozenset(), "uses", "select mode(a)"),
    _m("a bare column stands at itself", names, "drop_alias_places", nothing, "uses", "from p x where a > 3"),
    _m("columns of a star stand somewhere", names, "mark_places", nothing, "uses", "select *\nfrom q"),
    # what may be written at all, and what it means
    _m("only joins that are known", parse, "_known_join", yes, "open", "positional join"),
    _m("no row decides a limit or a frame", parse, "computed_bounds", empty, "open", "limit (select 3)"),
    _m("patterns are literals", parse, "literal_where_needed", yes, "open", "regexp_matches(kind, kind)"),
    _m("units are literals", parse, "computed_unit", nothing, "open", "date_trunc(kind, day)"),
    _m("only listed functions", parse, "_call_finding", nothing, "open", "select random()"),
    _m("no names of ours", parse, "HIDDEN_PREFIX", "\0", "refused", "with __s0 as"),
    _m("the row of a table is no value", names, "_check_no_table_is_a_value", nothing, "open", "select kind as sale"),
    _m("a computed column has no column's name", names, "_name_outputs", nothing, "open", "cast(id as varchar(10))"),
    _m("SEMI and ANTI joins are conditions", names, "semi_joins_as_conditions", nothing, "same", "semi join visit"),
    # whose rows they are
    _m("levels are reached", analysis, "_level", _open_level, "refused", "person_id, count(*) n from job"),
    _m("bits and lists are for open data", _G, "refuse_open_syntax", nothing, "refused", "sum(income & 1)"),
    _m("some clauses are for open data", _G, "_refuse_open_only", nothing, "refused", "person a asof join visit b"),
    _m("outer joins show who is absent", joined, "shows_absence", no, "review", "full join visit v"),
    _m("own rows miss no unit", joined, "_shows_to_the_operator", no, "refused", "(values (1), (2)) v(k) left join"),
    _m("lists of units hold no NULL", relations, "_never_null", yes, "refused", "not in (select p.person_id from area"),
    _m("nor does what is looked up", relations, "_never_null", yes, "refused", "person_id not in (select person_id"),
    _m("windows stay within a unit", govern, "across_units", _no_windows, "refused", "(select lag(income)"),
    _m("ranks of units go to people", govern, "across_units", _no_windows, "review", "avg(r) from (select rank()"),
    _m("partitions are cells", govern, "across_units", _no_windows, "same", "partitions without enough units"),
    _m("groups looked up are cells", govern, "decorrelate", nothing, "same", "EXISTS and NOT EXISTS tied to"),
    _m(
        "sources do not look at their siblings",
        _G,
        "_refuse_lateral",
        nothing,
        "refused",
        "(select v.cost from visit v",
    ),
    _m("correlated queries are aligned", Equalities, "same", yes, "refused", "where q.income > p.income"),
    _m(
        "the same name inside is another table",
        govern,
        "own_aliases",
        _no_aliases,
        "same",
        "the same name inside is another table",
    ),
    _m(
        "a query inside cannot stop one outside",
        govern,
        "stops",
        empty,
        "refused",
        "area a where p.income > 2000000000) is",
    ),
    _m("only public rows are read freely", _G, "_reads_no_units", yes, "refused", "where q.income > p.income"),
    _m("units that are cut off go to people", govern, "cut_short", no, "review", "order by income desc limit 100"),
    _m("some of the units is not all", _G, "_refuse_mixed", nothing, "refused", "person_id, count(*) n from job"),
    _m("nothing fails beside units", _G, "_refuse_fallible", nothing, "refused", "income - (select sum(income) from p"),
    _m("sets of units are not compared", _G, "_set_operation", _unchecked_sets, "refused", "intersect select 1000"),
    _m("keys hold units where they are equal", govern, "covered", _all_covered, "same", "counts per group of one unit"),
    _m("an outer join equates nothing", Equalities, "of", staticmethod(_of_every_join), "same", "outer side's unit"),
    _m("extremes show single values", frontier, "SINGLE_VALUES", frozenset({"first"}), "refused", "first(region)"),
    _m("an aggregate takes one value a row", frontier, "_one_argument", yes, "refused", "max(region, 3)"),
    _m("ranks and extremes go to people", frontier.Frontier, "reasons", empty, "review", "median(income)"),
    _m("what can be taken apart goes to people", Pieces, "told_apart", no, "review", "income else 9000000 end x"),
    _m("weights are the operator's choice", Pieces, "times", _first_factor, "review", "then 1 else 2 end) from person"),
    _m("pieces come through queries", govern, "unit_relation", _no_pieces, "review", "income else 9000000 end x"),
    _m("pieces come through UNION ALL", govern, "both", _left_side, "review", "select person_id, 9000000 from person"),
    _m("transformed measures go to people", frontier, "_transforms", empty, "review", "power(income, 3)"),
    _m("GROUPING tells totals from NULLs", cutting, "_grouping_id", _not_grouped, "same", "ROLLUP, where a NULL"),
    # whether it fails
    _m("what may fail is tried", guarded, "fallible", no, "total", "income * 1000 > 5"),
    _m("wide sums are sums of DOUBLE", names, "mark_wide_sums", nothing, "total", "else 1 end)::hugeint) s"),
)
