"""Columns of a raw log that a source of the config speaks of, and whether they are there."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

import polars as pl

from seqchurn.config.sources import CustomersSource, EventSource, LinksSource, Source
from seqchurn.errors import ConfigError
from seqchurn.events.sources.files import FILE, MALFORMED, RECORD
from seqchurn.events.text import printable

__all__ = [
    "condition",
    "identifying_columns",
    "mapped_columns",
    "name_taken",
    "raw_columns",
    "require",
]


def identifying_columns(source: Source | EventSource) -> list[str]:
    """Columns that say who the customer is, each once; one at least."""
    columns = [column for of_kind in source.identifiers.values() for column in of_kind]
    if not columns and not isinstance(source, LinksSource) and source.customer_id is not None:
        columns = [source.customer_id]
    return list(dict.fromkeys(columns))


def mapped_columns(source: Source | EventSource) -> list[str]:
    """Columns whose values go into the events table, each once."""
    columns: list[str | None] = [*identifying_columns(source)]
    if isinstance(source, EventSource):
        columns += [source.timestamp, source.event_type_column, source.event_id, *source.fold_by]
    elif isinstance(source, CustomersSource):
        columns += [source.known_from]
    if not isinstance(source, LinksSource):
        columns += [attribute.column for attribute in source.attributes.values()]
    return list(dict.fromkeys(c for c in columns if c is not None))


def raw_columns(source: Source | EventSource) -> list[str]:
    """Columns that the files of a source must have: mapped, filtered on or looked up by."""
    columns = mapped_columns(source)
    if not isinstance(source, EventSource):
        return columns
    if source.where is not None:
        columns += condition(source).meta.root_names()
    if source.lookup is not None:
        columns = [c for c in columns if c not in source.lookup.columns] + [source.lookup.on]
    return list(dict.fromkeys(columns))


def condition(source: EventSource) -> pl.Expr:
    """The `where` of a source as an expression.

    Raises:
        ConfigError: If it is not SQL that can be read.
    """
    try:
        return pl.sql_expr(source.where or "true")
    except pl.exceptions.PolarsError as error:
        raise ConfigError(
            f"[events] source {source.name}: where is {source.where!r}, which is not an SQL "
            f"condition ({str(error).splitlines()[0]}). Write it like amount > 0, with "
            "double quotes around a column that is named like a word of SQL."
        ) from None


def require(columns: Iterable[str], present: Iterable[str], *, place: str) -> None:
    """Check that columns are there.

    Raises:
        ConfigError: For the first one that is not, with the nearest that is.
    """
    there = list(dict.fromkeys(c for c in present if c not in (FILE, RECORD, MALFORMED)))
    for column in columns:
        if column not in there:
            near = get_close_matches(column, there, n=1)
            hint = f" Did you mean {printable(near[0])}?" if near else ""
            remedy = "" if near else " Correct the name, or add the column to the log."
            raise ConfigError(
                f"{place}: there is no column {printable(column)}.{hint} Columns present: "
                f"{', '.join(map(printable, there)) or 'none'}.{remedy}"
            )


def name_taken(place: str, error: pl.exceptions.DuplicateError) -> ConfigError:
    """The error of a column in the log that has a name of ours.

    Args:
        place: Source and file, for the message.
        error: What Polars said when it was to add a column of that name.
    """
    name = next((name for name in (FILE, RECORD) if name in str(error)), "seqchurn:...")
    return ConfigError(
        f"{place} has a column {name}, and names with seqchurn: mark columns that are added to "
        "those of the log. Rename it there."
    )
