"""Where in `catalog.toml` does a value stand? Paths in words for people, lines for editors."""

from __future__ import annotations

import re

from app.domain.values import Position

Path = tuple[str | int, ...]
"""Keys and list indexes (from 0) from the top of the file to a value."""

_HEADER = re.compile(r"^\s*(\[\[?)\s*([\w.-]+)\s*\]\]?")
_KEY = re.compile(r"^(\s*)[\"']?([\w-]+)[\"']?\s*=")


def words(data: object, path: Path) -> str:
    """The path in words: `dataset[2] "hw_incident" field[5] "plate": level`; lists count from 1."""
    tables: list[str] = []
    rest: list[str] = []
    node: object = data
    for before, key, after in zip((None, *path), path, (*path[1:], None), strict=False):
        node = step(node, key)
        if isinstance(key, int):
            name = node.get("name", node.get("code")) if isinstance(node, dict) else None
            element = f"{before}[{key + 1}]" + (f' "{name}"' if isinstance(name, str) else "")
            (tables if isinstance(node, dict) else rest).append(element)
        elif not isinstance(after, int):
            rest.append(key)
    return " ".join(tables) + (": " if tables and rest else "") + ".".join(rest)


def step(node: object, key: str | int) -> object:
    """The value of `key` in a table or list; None when there is none."""
    if isinstance(node, dict):
        return node.get(key)
    return node[key] if isinstance(node, list) and isinstance(key, int) and key < len(node) else None


def lines(text: str) -> dict[Path, Position]:
    """The position of every table header and key of a TOML text, by path; inline tables are not looked into."""
    found: dict[Path, Position] = {}
    counts: dict[Path, int] = {}
    table: Path = ()
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _HEADER.match(line):
            table = _resolve(header[2].split("."), counts, new=header[1] == "[[")
            found[table] = Position(line=number, column=line.index("[") + 1)
        elif key := _KEY.match(line):
            found.setdefault((*table, key[2]), Position(line=number, column=len(key[1]) + 1))
    return found


def _resolve(names: list[str], counts: dict[Path, int], *, new: bool) -> Path:
    """The path of a header; `counts` holds how many elements each array of tables has so far."""
    path: Path = ()
    for i, name in enumerate(names):
        path = (*path, name)
        last = i == len(names) - 1
        if last and new:
            counts[path] = counts.get(path, 0) + 1
        if path in counts:
            path = (*path, counts[path] - 1)
    return path


def position(found: dict[Path, Position], path: Path) -> Position | None:
    """The position of the value at `path`, or of the nearest thing around it."""
    while path:
        if path in found:
            return found[path]
        path = path[:-1]
    return None
