"""Raw frame -> raw frame with columns that say which records meet `where`."""

from __future__ import annotations

from itertools import product

import polars as pl

from seqchurn.config.sources import EventSource
from seqchurn.errors import ConfigError
from seqchurn.events.sources.columns import condition

__all__ = ["MEETS", "UNDECIDED", "mark_met"]

MEETS = "seqchurn:meets"
"""Whether a record meets the condition; null: undecided."""
UNDECIDED = "seqchurn:undecided"
"""What keeps the condition from being decided: text that should be a number; else null."""

_ORIGINAL = "original:"


def mark_met(raw: pl.LazyFrame, source: EventSource) -> pl.LazyFrame:
    """Add `MEETS` and `UNDECIDED`; a condition that is null for a missing value is not met.

    A text column that the condition compares with numbers is read as numbers: amount > 0 means
    the same for a CSV file as for a Parquet file. Where the condition hangs on text that is no
    number, it is undecided.

    Raises:
        ConfigError: If the condition does not fit the types of the columns, or is of several
            records.
    """
    if source.where is None:
        decided = pl.lit(None, dtype=pl.String)
        return raw.with_columns(pl.lit(True).alias(MEETS), decided.alias(UNDECIDED))
    met = condition(source)
    if not _sees_one_record(met):
        raise ConfigError(
            f"[events] source {source.name}: where is {source.where!r}, which looks at more than "
            "one record at once; expected a condition on the values of a record. Remove sum, "
            "count, OVER and the like, or filter the log before."
        )
    schema = raw.collect_schema()
    names = [name for name in met.meta.root_names() if schema[name] == pl.String]
    numbers = _read_as_numbers(met, names, schema, source)
    return (
        raw.with_columns(pl.col(names).name.prefix(_ORIGINAL))
        .with_columns(pl.col(numbers).str.strip_chars().cast(pl.Float64, strict=False))
        .with_columns(pl.when(met.is_null()).then(_no_number(numbers)).alias(UNDECIDED))
        .with_columns(pl.when(pl.col(UNDECIDED).is_null()).then(met.fill_null(False)).alias(MEETS))
        .drop(names)
        .rename({_ORIGINAL + name: name for name in names})
    )


def _sees_one_record(value: pl.Expr) -> bool:
    """Whether nothing in an expression is made of several records, as a sum or a rank is."""
    try:
        alone = value.meta.is_literal() or value.meta.is_row_separable()
    except pl.exceptions.PolarsError:  # as for IN and ROUND, which ask for the types of columns
        alone = True
    return alone and all(_sees_one_record(inner) for inner in value.meta.pop())


def _no_number(numbers: list[str]) -> pl.Expr:
    """Name and text of the first of some columns that holds text but no number."""
    said = [pl.lit(None, dtype=pl.String)]
    for name in numbers:
        text = pl.col(_ORIGINAL + name).str.strip_chars()
        is_text = pl.col(name).is_null() & (text != "")
        said.append(pl.when(is_text).then(pl.lit(f"{name} is ") + text.str.slice(0, 100)))
    return pl.coalesce(said)


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
