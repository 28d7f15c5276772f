"""Raw frame + a small table of the config -> raw frame with columns of the table."""

from __future__ import annotations

import polars as pl

from seqchurn.config.sources import EventSource, Lookup
from seqchurn.errors import ConfigError, DataError
from seqchurn.events.sources import MALFORMED, RECORD
from seqchurn.events.sources.columns import name_taken, require
from seqchurn.events.sources.tables import read_table
from seqchurn.events.text import as_text
from seqchurn.files import is_of_the_disk

__all__ = ["join_lookup"]

_KEY = "seqchurn:key"


def join_lookup(raw: pl.LazyFrame, source: EventSource) -> pl.LazyFrame:
    """Add the columns of the source's lookup table; null for a record without a match.

    Keys are compared as text, so that 7 in one file and "7" in the other are the same.

    Raises:
        ConfigError: If a column is missing or a key of the table occurs twice.
        DataError: If the table is damaged.
    """
    if source.lookup is None:
        return raw
    place = f"[events] source {source.name}, lookup"
    schema = raw.collect_schema()
    clash = sorted(set(source.lookup.columns) & set(schema))
    if clash:
        raise ConfigError(
            f"{place}: column {clash[0]} is in the log and in the table. Remove it from columns."
        )
    table = _table(source.lookup, source.name, place)
    key = as_text(source.lookup.on, schema[source.lookup.on]).alias(_KEY)
    joined = raw.with_columns(key).join(
        table.lazy(), on=_KEY, how="left", maintain_order="left", validate="m:1"
    )
    return joined.drop(_KEY)


def _table(lookup: Lookup, source: str, place: str) -> pl.DataFrame:
    key = lookup.key or lookup.on
    try:
        table = read_table(lookup.path, [key, *lookup.columns], source=source)
        schema = table.collect_schema()
        require([key, *lookup.columns], schema, place=place)
        rows = table.select(as_text(key, schema[key]).alias(_KEY), *lookup.columns).collect()
    except pl.exceptions.DuplicateError as error:
        raise name_taken(f"{place}: {lookup.path}", error) from None
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        if is_of_the_disk(error):
            raise
        raise DataError(
            f"{place}: {lookup.path} cannot be read. Expected a sound table in the format of its "
            "ending, text in UTF-8. Repair or replace the file."
        ) from error
    if MALFORMED in schema:
        line = table.filter(pl.col(MALFORMED).is_not_null()).select(RECORD).head(1).collect()
        if line.height:
            raise DataError(
                f"{place}: record {line.item()} of {lookup.path} is none. Expected a sound table, "
                "as what it is looked up in has no quarantine of its own. Repair the file."
            )
    rows = rows.filter(pl.col(_KEY).is_not_null())
    twice = rows.filter(pl.col(_KEY).is_duplicated())[_KEY]
    if len(twice):
        raise ConfigError(
            f"{place}: key {key} must hold each value once, but {twice.sort()[0]} occurs more than "
            f"once in {lookup.path}. Remove the repeated rows or name another key."
        )
    return rows
