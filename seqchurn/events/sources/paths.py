"""Dotted names of the config -> columns: fields of structs, items of lists, values in JSON text.

`properties.revenue` is the field revenue of the column properties, `items.0.sku` the sku of the
first item. A column that bears the whole name itself goes before; so does the longer beginning of
a name, where more than one is a column. Inside JSON every dot leads one level down.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence

import polars as pl

__all__ = ["field_names", "head", "json_types", "resolve"]


def resolve(frame: pl.LazyFrame, names: Sequence[str]) -> pl.LazyFrame:
    """Add a column for each dotted name that leads into one.

    A path through JSON text gives text, and null where it leads nowhere or the text is no JSON:
    the record goes on. So does a path beyond the end of a list. A name that begins with no
    column, or leads to a field that a struct does not have, is not added: `require` then says so.

    Args:
        frame: Raw frame.
        names: Names of columns and paths; the columns stay as they are.

    >>> raw = pl.LazyFrame({"items": [[{"sku": "x"}], []], "more": ['{"a": {"b": 1.5}}', "{"]})
    >>> resolve(raw, ["items.0.sku", "more.a.b"]).select("items.0.sku", "more.a.b").collect().rows()
    [('x', '1.5'), (None, None)]
    """
    schema = frame.collect_schema()
    columns: dict[str, pl.Expr] = {}
    for name in names:
        column = head(name, schema)
        if column is not None and column != name:
            value = _inside(pl.col(column), schema[column], _rest(name, column))
            columns |= {} if value is None else {name: value}
    return frame.with_columns(**columns)


def head(name: str, columns: Container[str]) -> str | None:
    """The longest beginning of a name, up to a dot or its end, that is one of the columns."""
    parts = name.split(".")
    beginnings = (".".join(parts[:end]) for end in range(len(parts), 0, -1))
    return next((beginning for beginning in beginnings if beginning in columns), None)


def json_types(names: Iterable[str], keys: Iterable[str]) -> dict[str, pl.DataType]:
    """Types that make a reader of JSON keep no more than some names ask for, as text.

    Args:
        names: Names of columns and paths.
        keys: Keys of the objects.

    Returns:
        Per key a type for Polars: text, or a struct or list with text at the end of each path.
    """
    paths: dict[str, list[list[str]]] = {key: [] for key in keys}
    for name in names:
        key = head(name, paths)
        if key is not None:
            paths[key].append(_rest(name, key))
    return {key: _json_type(inner) for key, inner in paths.items()}


def field_names(schema: Mapping[str, object]) -> list[str]:
    """Columns, each followed by the paths into its structs, for messages."""
    return [name for column, dtype in schema.items() for name in _names(column, dtype)]


def _rest(name: str, column: str) -> list[str]:
    return name.removeprefix(column).split(".")[1:]


def _inside(value: pl.Expr, dtype: object, path: list[str]) -> pl.Expr | None:
    """What a path leads to in a value of some type; None if it cannot lead anywhere."""
    if not path or dtype == pl.Null:
        return value
    if isinstance(dtype, pl.Struct):
        fields = {field.name: field.dtype for field in dtype.fields}
        name = head(".".join(path), fields)
        if name is None or _is_pattern(name):
            return None
        return _inside(value.struct.field(name), fields[name], _rest(".".join(path), name))
    if isinstance(dtype, pl.List | pl.Array) and _is_position(path[0]):
        items = value.arr.to_list() if isinstance(dtype, pl.Array) else value
        item = items.list.get(int(path[0]), null_on_oob=True)
        return _inside(item, dtype.inner, path[1:])
    steps = [_json_step(part) for part in path]
    if dtype == pl.String and None not in steps:
        return value.str.json_path_match("$" + "".join(map(str, steps)))
    return None


def _json_step(part: str) -> str | None:
    """One step of a JSONPath; None for a key that it cannot ask for."""
    if _is_position(part):
        return f"[{part}]"
    mark = '"' if "'" in part else "'"
    return None if mark in part or "\\" in part else f"[{mark}{part}{mark}]"


def _json_type(paths: list[list[str]]) -> pl.DataType:
    """Type whose leaves lie at the ends of some paths; text where they disagree on what it is."""
    below: dict[str, list[list[str]]] = {}
    for path in paths:
        if path:
            below.setdefault(path[0], []).append(path[1:])
    positions = sum(map(_is_position, below))
    if not below or [] in paths or 0 < positions < len(below) or any(map(_is_pattern, below)):
        return pl.String()
    if positions:
        return pl.List(_json_type([path for inner in below.values() for path in inner]))
    return pl.Struct({name: _json_type(inner) for name, inner in below.items()})


def _names(name: str, dtype: object) -> Iterator[str]:
    yield name
    if isinstance(dtype, pl.Struct):
        for field in dtype.fields:
            yield from _names(f"{name}.{field.name}", field.dtype)
    elif isinstance(dtype, pl.List | pl.Array) and isinstance(dtype.inner, pl.Struct):
        yield from list(_names(f"{name}.0", dtype.inner))[1:]


def _is_position(part: str) -> bool:
    return re.fullmatch("[0-9]{1,9}", part) is not None


def _is_pattern(name: str) -> bool:
    """Whether Polars would take the name of a field for more than that."""
    return name == "*" or (name.startswith("^") and name.endswith("$"))
