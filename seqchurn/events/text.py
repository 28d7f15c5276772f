"""A raw column -> text: ids, keys and categories, whatever type they were stored with."""

from __future__ import annotations

import polars as pl

__all__ = ["as_text"]


def as_text(column: str, dtype: pl.DataType) -> pl.Expr:
    """A raw column as text; whole numbers as plain decimals, also those stored as floats.

    >>> pl.DataFrame({"id": [7.0, None, 7.5]}).select(as_text("id", pl.Float64()))["id"].to_list()
    ['7', None, '7.5']
    """
    value = pl.col(column)
    text = value.cast(pl.String)
    if not dtype.is_float():
        return text
    whole = value.is_finite() & (value == value.round()) & (value.abs() < 2**53)
    return (
        pl.when(whole)
        .then(value.cast(pl.Int64, strict=False).cast(pl.String))
        .when(value.is_nan())
        .then(None)
        .otherwise(text)
    )


def printable(name: str) -> str:
    r"""A name of the log as messages show it: on one line, control characters as escapes.

    >>> print(printable("größe\n\tin cm"))
    größe\n\tin cm
    """
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in name)
