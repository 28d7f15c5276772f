"""Raw columns -> columns of the events table, with the raw values alongside for the checks.

Numbers stay Float64 until line items are folded; what a record becomes depends on that record
alone.
"""

from __future__ import annotations

import polars as pl

from seqchurn.config.sources import (
    Attribute,
    CustomersSource,
    EventSource,
    LinksSource,
    StaticAttribute,
)
from seqchurn.errors import ConfigError
from seqchurn.events.filtering import MEETS, UNDECIDED
from seqchurn.events.identity.identifiers import PLAIN_IDS, Naming, identified, with_identifiers
from seqchurn.events.sources import FILE, MALFORMED, RECORD
from seqchurn.events.sources.columns import mapped_columns, require
from seqchurn.events.text import as_text
from seqchurn.events.times import INSTANT, with_instants
from seqchurn.schema import EVENT_ID, EVENT_TYPE, KNOWN_FROM, TIMESTAMP

__all__ = ["FOLD", "RAW", "is_counted", "map_customers", "map_events", "map_links"]

RAW = "raw:"
"""Prefix of the raw values of mapped columns."""

FOLD = "fold:"
"""Prefix of the columns that line items are folded by, as text."""


def map_events(raw: pl.LazyFrame, source: EventSource, naming: Naming = PLAIN_IDS) -> pl.LazyFrame:
    """Records of an event source as events, not yet checked.

    Args:
        raw: Raw frame with the columns `MEETS` and `UNDECIDED`.
        source: Its section of the config.
        naming: How customers are identified.

    Returns:
        `FILE`, `RECORD`, `MALFORMED`, `MEETS`, `UNDECIDED`, raw:*, then `customer_id` and, if
        identifiers have an order, `LINKED`, `timestamp`, `event_type`, `event_id` (null: none
        given), attributes (Float64 or String) and fold:*.

    Raises:
        ConfigError: If a column is missing or cannot be what it is mapped to.
    """
    place = f"[events] source {source.name}"
    schema = raw.collect_schema()
    used = mapped_columns(source)
    require(used, schema, place=place)
    raw = with_instants(
        with_identifiers(raw, source, naming),
        source.timestamp,
        format=source.timestamp_format,
        zone=source.timezone,
        place=place,
    )
    columns = identified(naming)
    columns[TIMESTAMP] = pl.col(INSTANT)
    columns[EVENT_TYPE] = _optional(source.event_type_column, schema, source.event_type)
    columns[EVENT_ID] = _optional(source.event_id, schema, None)
    columns |= _attributes(source, schema)
    columns |= {FOLD + key: _fold_key(key, source, schema, naming) for key in source.fold_by}
    return raw.select(
        FILE,
        RECORD,
        MALFORMED,
        MEETS,
        UNDECIDED,
        pl.col(used).name.prefix(RAW),
        **columns,
    )


def map_customers(
    raw: pl.LazyFrame, source: CustomersSource, naming: Naming = PLAIN_IDS
) -> pl.LazyFrame:
    """Records of the customers' table, not yet checked.

    Args:
        raw: Raw frame.
        source: Its section of the config.
        naming: How customers are identified.

    Returns:
        `FILE`, `RECORD`, `MALFORMED`, raw:*, then `customer_id` and, if identifiers have an
        order, `LINKED`, attributes and, if the config names its column, `known_from`.

    Raises:
        ConfigError: If a column cannot be what it is mapped to.
    """
    schema = raw.collect_schema()
    raw = with_identifiers(raw, source, naming)
    columns = identified(naming) | _attributes(source, schema)
    if source.known_from is not None:
        columns[KNOWN_FROM] = pl.col(INSTANT)
        raw = with_instants(
            raw,
            source.known_from,
            format=source.timestamp_format,
            zone=source.timezone,
            place=f"[events] source {source.name}",
        )
    raws = pl.col(mapped_columns(source)).name.prefix(RAW)
    return raw.select(FILE, RECORD, MALFORMED, raws, **columns)


def map_links(raw: pl.LazyFrame, source: LinksSource, naming: Naming) -> pl.LazyFrame:
    """Records of a table of links, not yet checked.

    Args:
        raw: Raw frame.
        source: Its section of the config.
        naming: How customers are identified, with kinds in their order.

    Returns:
        `FILE`, `RECORD`, `MALFORMED`, raw:*, then `customer_id` and `LINKED`.
    """
    raws = pl.col(mapped_columns(source)).name.prefix(RAW)
    raw = with_identifiers(raw, source, naming)
    return raw.select(FILE, RECORD, MALFORMED, raws, **identified(naming))


def _fold_key(key: str, source: EventSource, schema: pl.Schema, naming: Naming) -> pl.Expr:
    """Text of a column to fold by; hashed if it identifies the customer and ids are hashed."""
    ids = {source.customer_id, *(c for columns in source.identifiers.values() for c in columns)}
    text = as_text(key, schema[key])
    return naming.value(text) if key in ids else text


def is_counted(source: EventSource | CustomersSource, attribute: StaticAttribute) -> bool:
    """Whether line items are counted by this attribute, so that its value may be anything."""
    return (
        isinstance(attribute, Attribute)
        and attribute.fold in ("count", "n_unique")
        and isinstance(source, EventSource)
        and bool(source.fold_by)
    )


def _attributes(source: EventSource | CustomersSource, schema: pl.Schema) -> dict[str, pl.Expr]:
    columns = {}
    for name, attribute in source.attributes.items():
        dtype = schema[attribute.column]
        if attribute.type == "category" or is_counted(source, attribute):
            columns[name] = as_text(attribute.column, dtype)
        else:
            place = f"[events] source {source.name}, attribute {name}"
            columns[name] = _number(attribute.column, dtype, place)
    return columns


def _number(column: str, dtype: pl.DataType, place: str) -> pl.Expr:
    value = pl.col(column)
    if dtype == pl.String:
        value = value.str.strip_chars()
    elif not (dtype.is_numeric() or dtype in (pl.Boolean, pl.Null)):
        raise ConfigError(
            f"{place}: column {column} is {dtype}; expected numbers. Name another column, or set "
            "type: category."
        )
    return value.cast(pl.Float64, strict=False) + 0.0  # -0.0 becomes 0.0: alike rows hash alike


def _optional(column: str | None, schema: pl.Schema, otherwise: str | None) -> pl.Expr:
    if column is None:
        return pl.lit(otherwise, dtype=pl.String)
    return as_text(column, schema[column])
