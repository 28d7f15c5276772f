"""Counts of attributes -> a row in words for each."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from seqchurn.inspection.attributes import MOST_VALUES
from seqchurn.inspection.words import plain, share

__all__ = ["attribute_rows"]

_TOP, _MOST_KINDS = 3, 2
_NONE = "-".rjust(6)


def attribute_rows(
    filled: pl.DataFrame, values: pl.DataFrame, names: Sequence[str]
) -> list[list[object]]:
    """How full each attribute is and what it holds.

    An attribute is judged by the types of events that have it: on others nobody expects it.

    Args:
        filled: `attribute`, `of`, `rows`, `filled`, `total`, `smallest`, `largest`.
        values: `attribute`, `value`, `rows` of categories.
        names: The attributes, in order of the rows.

    Returns:
        Per attribute its name, what has it, the share missing, the number of values (of
        categories), and the commonest values or the range.
    """
    return [
        [plain(name), *_row(filled.filter(attribute=name), values.filter(attribute=name))]
        for name in names
    ]


def _row(filled: pl.DataFrame, values: pl.DataFrame) -> list[object]:
    having = filled.filter(pl.col("filled") > 0)
    if not having.height:
        return ["-", share(1, 1), _NONE, "always missing"]
    rows, full = int(having["rows"].sum()), int(having["filled"].sum())
    missing = share(rows - full, rows).rjust(6)
    kinds = having.sort("filled", descending=True)["of"].to_list()
    more = [f"{len(kinds) - _MOST_KINDS} more"] if len(kinds) > _MOST_KINDS else []
    of = ", ".join([*map(plain, kinds[:_MOST_KINDS]), *more])
    if not values.height:
        low, high, total = having.select(
            pl.min("smallest"), pl.max("largest"), pl.sum("total")
        ).row(0)
        return [of, missing, _NONE, f"{low:,.4g} to {high:,.4g}, mean {total / full:,.4g}"]
    top = values.sort("rows", "value", descending=[True, False]).head(_TOP)
    pairs = zip(top["value"].to_list(), top["rows"].to_list(), strict=True)
    which = ", ".join(f"{plain(value)} {share(n, full)}" for value, n in pairs)
    count = f"{values.height:,}{'+' if values.height >= MOST_VALUES else ''}"
    return [of, missing, count.rjust(6), which]
