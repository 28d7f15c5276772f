"""Raw frame -> raw frame with a column that says which records meet `where`."""

from __future__ import annotations

from itertools import product

import polars as pl

from seqchurn.config.events import EventSource
from seqchurn.errors import ConfigError
from seqchurn.events.sources.columns import condition

__all__ = ["MEETS", "mark_met"]

MEETS = "seqchurn:meets"

_ORIGINAL = "original:"


def mark_met(raw: pl.LazyFrame, source: EventSource) -> pl.LazyFrame:
    """Add `MEETS`: whether a record meets the source's condition; a null condition is not met.

    A text column that the condition compares with numbers is read as numbers, null where it is
    not one: amount > 0 means the same for a CSV file as for a Parquet file.

    Raises:
        ConfigError: If the condition does not fit the types of the columns.
    """
    if source.where is None:
        return raw.with_columns(pl.lit(True).alias(MEETS))
    met = condition(source)
    schema = raw.collect_schema()
    names = [name for name in met.meta.root_names() if schema[name] == pl.String]
    numbers = _read_as_numbers(met, names, schema, source)
    return (
        raw.with_columns(pl.col(names).name.prefix(_ORIGINAL))
        .with_columns(pl.col(numbers).str.strip_chars().cast(pl.Float64, strict=False))
        .with_columns(met.fill_null(False).alias(MEETS))
        .drop(names)
        .rename({_ORIGINAL + name: name for name in names})
    )


def _read_as_numbers(
    met: pl.Expr, names: list[str], schema: pl.Schema, source: EventSource
) -> list[str]:
    """The fewest text columns that must be numbers for the condition to make sense."""
    choices = sorted(product((False, True), repeat=len(names)), key=sum)
    for choice in choices:
        numbers = [name for name, chosen in zip(names, choice, strict=True) if chosen]
        empty = pl.DataFrame(schema={**schema, **dict.fromkeys(numbers, pl.Float64())})
        try:
            if empty.select(met).dtypes == [pl.Boolean]:
                return numbers
        except pl.exceptions.PolarsError as error:
            reason = str(error).splitlines()[0]
            continue
        reason = "it is neither true nor false"
    raise ConfigError(
        f"[events] source {source.name}: where is {source.where!r}, which does not fit the columns "
        f"({reason}). Compare text with 'text', numbers with "
        "numbers and times with TIMESTAMP '2017-10-01 00:00:00'."
    )
