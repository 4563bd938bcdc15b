"""Could a sum be taken apart again? What a measure is made of, and whether the operator could tell its pieces apart.

`sum(CASE WHEN region = 90 THEN income ELSE 1000000 END)` has many contributors, and yet what the few of region 90 earn
can be read off its last digits; `sum(CASE WHEN region = 90 THEN income ELSE 2 * income END)` next to `sum(income)`
gives it too. So people judge a sum of several pieces when one of them is a constant or a factor sets them apart, and a
sum with weights of the operator's own. A piece is what one branch of a choice, or one term of an addition, contributes;
zero and NULL contribute nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from sqlglot import exp

from app.query.equality import key_of
from app.query.parse import function_name, is_call

CHOOSING = frozenset({"greatest", "least", "coalesce", "ifnull"})
"""Functions that give one of their arguments, whichever it is."""
MAX_PIECES = 64
"""A measure of more pieces is the operator's choice, whatever they are."""


@dataclass(frozen=True, kw_only=True)
class Pieces:
    """What a value is made of: the text of each piece, whether one is `known` to the operator, the literal factors.

    `chosen` says that a factor is the operator's choice: a column of its own, or one of several constants.
    """

    texts: frozenset[str]
    known: bool = False
    factors: tuple[float, ...] = ()
    chosen: bool = False

    def told_apart(self) -> bool:
        """Whether several pieces are added up in a way that lets the operator take them apart."""
        several = len(self.texts) > 1
        return self.chosen or (several and (self.known or any(abs(f) != 1 for f in self.factors)))

    def __or__(self, other: Pieces) -> Pieces:
        """Both, added up or one for the other."""
        return self._with(other, self.texts | other.texts, known=self.known or other.known)

    def times(self, other: Pieces, *, weighed: bool) -> Pieces:
        """Each piece of the one with each of the other; `weighed` says that one is the operator's choice."""
        weighed = weighed or any(p.known and len(p.texts) > 1 for p in (self, other))
        texts = frozenset(f"{x}*{y}" for x in self.texts for y in other.texts)
        found = self._with(other, texts, known=self.known and other.known)
        return replace(found, chosen=found.chosen or weighed)

    def _with(self, other: Pieces, texts: frozenset[str], *, known: bool) -> Pieces:
        many = len(texts) > MAX_PIECES
        return Pieces(
            texts=frozenset(sorted(texts)[:MAX_PIECES]) if many else texts,
            known=known,
            factors=tuple(dict.fromkeys(self.factors + other.factors)),
            chosen=self.chosen or other.chosen or many,
        )


NOTHING = Pieces(texts=frozenset())
Columns = dict[tuple[str, str], Pieces]
"""(alias, column) → its pieces."""


@dataclass(frozen=True, kw_only=True)
class Weights:
    """The pieces of expressions over some sources.

    `columns` are columns of rows of units that are no plain fields, `units` the aliases of all rows of units, `own`
    those of rows that the operator made.
    """

    columns: Columns
    units: frozenset[str]
    own: frozenset[str]

    def of(self, node: exp.Expr) -> Pieces:
        """The pieces of a value."""
        readers: tuple[tuple[tuple[type[exp.Expr], ...], Callable[[exp.Expr], Pieces]], ...] = (
            ((exp.Null,), lambda _: NOTHING),
            ((exp.Literal,), self._literal),
            ((exp.Column,), self._column),
            ((exp.Paren, exp.Neg, exp.Cast, exp.TryCast, exp.Alias, exp.Filter, exp.Window), self._this),
            ((exp.Add, exp.Sub), self._sum),
            ((exp.Mul, exp.Div), self._product),
            ((exp.Case, exp.If), self._choice),
        )
        return next((read(node) for classes, read in readers if isinstance(node, classes)), None) or self._call(node)

    def _literal(self, node: exp.Expr) -> Pieces:
        number = _number(node)
        return Pieces(texts=frozenset({node.name}), known=True, factors=(number,)) if number else NOTHING

    def _this(self, node: exp.Expr) -> Pieces:
        return self.of(node.this)

    def _sum(self, node: exp.Expr) -> Pieces:
        return self.of(node.this) | self.of(node.expression)

    def _choice(self, node: exp.Expr) -> Pieces:
        return self._union(_branches(node))

    def _column(self, column: exp.Expr) -> Pieces:
        alias, name = column.text("table").lower(), column.name.lower()
        text = frozenset({f"{alias}.{name}"})
        plain = Pieces(texts=text, known=alias not in self.units, chosen=alias in self.own)
        return self.columns.get((alias, name), plain)

    def _product(self, product: exp.Expr) -> Pieces:
        weighed = any(key_of(c)[0] in self.own for c in product.find_all(exp.Column))
        return self._factor(product.this).times(self._factor(product.expression), weighed=weighed)

    def _factor(self, node: exp.Expr) -> Pieces:
        """The pieces of a factor; a discount, 1 - x, is one piece."""
        plain = node.unnest()
        if isinstance(plain, exp.Add | exp.Sub):
            sides = [plain.this.unnest(), plain.expression.unnest()]
            numbers = [_number(s) for s in sides if isinstance(s, exp.Literal)]
            columns = [self.of(s) for s in sides if isinstance(s, exp.Column)]
            if len(numbers) == len(columns) == 1 and len(columns[0].texts) == 1 and not columns[0].known:
                return Pieces(texts=frozenset({plain.sql()}), factors=(*columns[0].factors, *numbers))
        return self.of(node)

    def _call(self, node: exp.Expr) -> Pieces:
        """What a function is made of is what its arguments are; a condition as a number is a piece of its own."""
        if not is_call(node) and not isinstance(node, exp.Coalesce | exp.Extract):
            return Pieces(texts=frozenset({node.sql()}))
        chooses = function_name(node) in CHOOSING
        arguments = [a for a in node.iter_expressions() if chooses or not isinstance(a, exp.Literal | exp.Var)]
        found = self._union(arguments)
        return found if found.texts else Pieces(texts=frozenset({node.sql()}))

    def _union(self, nodes: Iterable[exp.Expr]) -> Pieces:
        found = NOTHING
        for node in nodes:
            found |= self.of(node)
        return found


def _branches(node: exp.Expr) -> list[exp.Expr]:
    listed = [b.args.get("true") for b in node.args.get("ifs") or [node]]
    rest = node.args.get("default") if isinstance(node, exp.Case) else node.args.get("false")
    return [b for b in [*listed, rest] if b is not None]


def _number(literal: exp.Expr) -> float:
    """The number that a literal is; 1 for a text."""
    try:
        return float(literal.name)
    except ValueError:
        return 1.0
