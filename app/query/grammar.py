"""Which SQL may an analysis be written in? Tables of the syntax that is allowed; everything else is refused.

A node class that is not in `NODES`, or an argument that is not in the row of its class in `ARGUMENTS`, is refused:
new syntax of a newer parser is unknown, and the unknown is refused.
"""

from __future__ import annotations

from sqlglot import exp

QUERIES: tuple[type[exp.Expr], ...] = (exp.Select, exp.Union, exp.Except, exp.Intersect, exp.Subquery)

ARGUMENTS: dict[type[exp.Expr], frozenset[str]] = {
    exp.Select: frozenset(
        "with_ expressions distinct from_ joins where group having qualify windows order limit offset".split()
    ),
    exp.Union: frozenset("with_ this expression distinct order limit offset".split()),
    exp.Except: frozenset("with_ this expression distinct order limit offset".split()),
    exp.Intersect: frozenset("with_ this expression distinct order limit offset".split()),
    exp.Subquery: frozenset("this alias".split()),
    exp.With: frozenset({"expressions"}),
    exp.CTE: frozenset({"this", "alias", "materialized"}),
    exp.TableAlias: frozenset({"this", "columns"}),
    exp.From: frozenset({"this"}),
    exp.Join: frozenset("this on using method side kind".split()),
    exp.Table: frozenset({"this", "alias"}),
    exp.Where: frozenset({"this"}),
    exp.Group: frozenset({"expressions", "all"}),
    exp.Rollup: frozenset({"expressions"}),
    exp.Cube: frozenset({"expressions"}),
    exp.GroupingSets: frozenset({"expressions"}),
    exp.Grouping: frozenset({"expressions"}),
    exp.Tuple: frozenset({"expressions"}),
    exp.Values: frozenset({"expressions", "alias"}),
    exp.Array: frozenset({"expressions"}),
    exp.Struct: frozenset({"expressions"}),
    exp.PropertyEQ: frozenset({"this", "expression"}),
    exp.Dot: frozenset({"this", "expression"}),
    exp.Lambda: frozenset({"this", "expressions"}),
    exp.Having: frozenset({"this"}),
    exp.Qualify: frozenset({"this"}),
    exp.Order: frozenset({"this", "expressions"}),
    exp.Ordered: frozenset("this desc nulls_first".split()),
    exp.Limit: frozenset({"expression"}),
    exp.Offset: frozenset({"expression"}),
    exp.Distinct: frozenset({"expressions", "on"}),
    exp.Star: frozenset({"except_", "replace", "rename"}),
    exp.Column: frozenset({"this", "table"}),
    exp.Identifier: frozenset({"this", "quoted"}),
    exp.Alias: frozenset({"this", "alias"}),
    exp.Literal: frozenset({"this", "is_string"}),
    exp.Window: frozenset("this partition_by order spec alias over".split()),
    exp.WindowSpec: frozenset("kind start start_side end end_side exclude".split()),
    exp.IgnoreNulls: frozenset({"this"}),
    exp.RespectNulls: frozenset({"this"}),
    exp.Filter: frozenset({"this", "expression"}),
    exp.In: frozenset("this expressions query".split()),
    exp.Exists: frozenset({"this"}),
    exp.Cast: frozenset({"this", "to"}),
    exp.TryCast: frozenset("this to safe requires_string".split()),
    exp.DataType: frozenset("this expressions nested".split()),
    exp.DataTypeParam: frozenset({"this"}),
    exp.Case: frozenset("this ifs default".split()),
    exp.If: frozenset("this true false".split()),
    exp.Interval: frozenset({"this", "unit"}),
    exp.Extract: frozenset({"this", "expression"}),
    exp.Var: frozenset({"this"}),
    exp.Like: frozenset("this expression negate".split()),
    exp.ILike: frozenset("this expression negate".split()),
    exp.Escape: frozenset({"this", "expression"}),
    exp.Glob: frozenset({"this", "expression"}),
    exp.Between: frozenset("this low high".split()),
    exp.Bracket: frozenset({"this", "expressions"}),
    exp.Slice: frozenset({"this", "expression"}),
    exp.Is: frozenset({"this", "expression"}),
    exp.Paren: frozenset({"this"}),
    exp.Not: frozenset({"this"}),
    exp.Neg: frozenset({"this"}),
    exp.Null: frozenset(),
    exp.Boolean: frozenset({"this"}),
    exp.IntDiv: frozenset("this expression".split()),
    exp.Div: frozenset("this expression typed safe".split()),
    exp.TimestampTrunc: frozenset("this unit input_type_preserved".split()),
    exp.DateTrunc: frozenset("this unit unabbreviate input_type_preserved".split()),
    exp.DateDiff: frozenset("this expression unit big_int date_part_boundary".split()),
    exp.Count: frozenset({"this", "big_int"}),
    exp.Coalesce: frozenset({"this", "expressions", "is_nvl", "is_null"}),
    exp.Substring: frozenset("this start length zero_start".split()),
    exp.TsOrDsToDate: frozenset({"this", "safe"}),
    exp.Round: frozenset({"this", "decimals"}),
    exp.Concat: frozenset("expressions safe coalesce".split()),
}
"""Allowed arguments per node class; a class with no row takes any argument that its kind defines (functions)."""

OPEN_ONLY: dict[type[exp.Expr], str] = {
    exp.BitwiseAnd: "&",
    exp.BitwiseOr: "|",
    exp.BitwiseXor: "xor",
    exp.BitwiseNot: "~",
    exp.BitwiseLeftShift: "<<",
    exp.BitwiseRightShift: ">>",
    exp.Lambda: "LAMBDA",
    exp.Dot: "struct.field",
}
"""Syntax that a query may have when none of its tables has a protected subject, with its name. Bits pack many values
into one number, and a list hides rows."""

COMPARISONS: tuple[type[exp.Expr], ...] = (
    exp.EQ,
    exp.NEQ,
    exp.GT,
    exp.GTE,
    exp.LT,
    exp.LTE,
    exp.NullSafeEQ,
    exp.NullSafeNEQ,
)
ARITHMETIC: tuple[type[exp.Expr], ...] = (exp.Add, exp.Sub, exp.Mul, exp.Div, exp.IntDiv, exp.Mod, exp.DPipe)
FALLIBLE: tuple[type[exp.Expr], ...] = (exp.Add, exp.Sub, exp.Mul, exp.IntDiv, exp.Mod, exp.Neg, exp.BitwiseLeftShift)
"""Arithmetic whose result may not fit its type."""
CONNECTIVES: tuple[type[exp.Expr], ...] = (exp.And, exp.Or, exp.Not, exp.Paren)

NODES: frozenset[type[exp.Expr]] = (
    frozenset(ARGUMENTS) | frozenset(COMPARISONS) | frozenset(ARITHMETIC) | frozenset(CONNECTIVES)
)
"""Node classes that are not functions. Functions are allowed by name (`policies/functions.toml`)."""

OUTER = ("LEFT", "RIGHT", "FULL")
JOINS = frozenset(
    {("", "", kind) for kind in ("", "INNER", "CROSS", "SEMI", "ANTI")}
    | {(method, side, kind) for method in ("", "NATURAL") for side in OUTER for kind in ("", "OUTER")}
    | {("NATURAL", "", ""), ("NATURAL", "", "INNER"), ("ASOF", "", ""), ("ASOF", "LEFT", "")}
)
"""(method, side, kind) of the joins that are understood. POSITIONAL is not: the order of rows would decide."""

FUNCTION_NODES: dict[type[exp.Expr], str] = {
    exp.Extract: "date_part",
    exp.TimestampTrunc: "date_trunc",
    exp.DateTrunc: "date_trunc",
    exp.DateDiff: "date_diff",
    exp.TsOrDsToDate: "date",
    exp.Coalesce: "coalesce",
    exp.If: "if",
    exp.Pow: "power",
    exp.DateAdd: "date_add",
    exp.Array: "list_value",
    exp.Struct: "struct_pack",
    exp.BitwiseAnd: "&",
    exp.BitwiseOr: "|",
    exp.BitwiseXor: "xor",
    exp.BitwiseNot: "~",
    exp.BitwiseLeftShift: "<<",
    exp.BitwiseRightShift: ">>",
}
"""Functions with syntax of their own, under the name that the table of functions knows."""

SYNTAX_FUNCTIONS = frozenset(
    {
        exp.Cast,
        exp.TryCast,
        exp.Case,
        exp.If,
        exp.Coalesce,
        exp.And,
        exp.Or,
        exp.Exists,
        exp.Extract,
        exp.Like,
        exp.ILike,
        exp.Glob,
        exp.Grouping,
    }
)
"""Classes that sqlglot derives from Func although they are syntax: allowed as nodes, not looked up by name."""

PREDICATE_FUNCTIONS = frozenset(
    {"!~~", "!~~*", "^@", "array_contains", "contains", "ends_with", "ilike_escape", "isfinite", "isinf", "isnan"}
    | {"like_escape", "list_contains", "list_has", "list_has_all", "list_has_any", "not_ilike_escape"}
    | {"not_like_escape", "prefix", "regexp_full_match", "regexp_matches", "starts_with", "suffix", "~~", "~~*", "~~~"}
)
"""Functions that answer yes or no about their arguments: a predicate, wherever they stand."""
