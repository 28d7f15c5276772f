"""Events of a bucket -> how full the attributes are, and what categories hold.

An attribute of one source is null on the events of the others. Whether it is full is therefore
counted by type of event; an attribute of customers is counted once a customer.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from seqchurn.schema import EVENT_TYPE

__all__ = ["CUSTOMERS", "MOST_VALUES", "commonest", "filled_counts", "value_counts"]

CUSTOMERS = "customers"
"""What the rows of customers' attributes are of."""

MOST_VALUES = 50_000
"""Values of a category that are kept while counting; of more, the rarest are given up."""


def filled_counts(
    rows: pl.LazyFrame, attributes: Sequence[str], *, of: str | None = None
) -> list[pl.LazyFrame]:
    """Count the rows that have a value, by attribute and event type.

    Args:
        rows: Table with the attributes, numbers (Float32) or text.
        attributes: Their names.
        of: What the rows are of; default: the event type of each.

    Returns:
        Tables `attribute`, `of`, `rows`, `filled`, and of numbers `total`, `smallest` and
        `largest`, which are null for text.
    """
    schema = rows.collect_schema()
    kind = pl.lit(of).alias("of") if of else pl.col(EVENT_TYPE).alias("of")
    tables = []
    for name in attributes:
        value = pl.col(name) if schema[name].is_numeric() else pl.lit(None)
        number = value.cast(pl.Float64)
        counts = rows.group_by(kind).agg(
            pl.lit(name).alias("attribute"),
            pl.len().alias("rows"),
            pl.col(name).count().alias("filled"),
            number.sum().alias("total"),
            number.min().alias("smallest"),
            number.max().alias("largest"),
        )
        tables.append(counts.select("attribute", "of", pl.exclude("attribute", "of")))
    return tables


def value_counts(rows: pl.LazyFrame, attributes: Sequence[str]) -> list[pl.LazyFrame]:
    """Tables `attribute`, `value`, `rows` that have it, of the attributes that are categories."""
    schema = rows.collect_schema()
    return [
        rows.select(pl.lit(name).alias("attribute"), pl.col(name).alias("value"))
        .drop_nulls("value")
        .group_by("attribute", "value")
        .agg(rows=pl.len())
        for name in attributes
        if schema[name] == pl.String
    ]


def commonest(values: pl.DataFrame, most: int = MOST_VALUES) -> pl.DataFrame:
    """The commonest values of each attribute, so that ids among the categories fill no memory."""
    place = pl.col("rows").rank("ordinal", descending=True).over("attribute")
    return values.filter(place <= most)
