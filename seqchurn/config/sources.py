"""Section `events.sources`: one raw log each, and how it maps to the events table."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from seqchurn.config.section import Section
from seqchurn.config.units import Zone

__all__ = [
    "Attribute",
    "CsvSource",
    "CustomersSource",
    "EventSource",
    "Lookup",
    "NdjsonSource",
    "ParquetSource",
    "Source",
    "StaticAttribute",
]


class StaticAttribute(Section):
    """A column to keep."""

    column: str
    """Its name in the raw log."""
    type: Literal["number", "category"] = "number"
    """number: Float32, anything else goes to quarantine; category: a string."""


class Attribute(StaticAttribute):
    """A column of events to keep."""

    fold: Literal["sum", "mean", "min", "max", "first", "last", "count", "n_unique"] = "first"
    """How the values of folded line items become one, where the source has `fold_by`."""


class Lookup(Section):
    """A small table joined to the raw log, many records to one row."""

    path: str
    """CSV, Parquet or NDJSON file, told by its ending."""
    on: str
    """Column of the raw log to look up."""
    key: str | None = None
    """Column of the table that holds each value once; default: the name in `on`."""
    columns: list[str] = Field(min_length=1)
    """Columns of the table to add to the raw log."""


class EventSource(Section):
    """A raw log whose records become events."""

    name: str
    """Names the source in reports and in the quarantine table."""
    path: str
    """File or glob; relative to this config file; package:NAME/FILE for data in a package."""
    customer_id: str
    """Column with the customer's id."""
    timestamp: str
    """Column with the time of the event."""
    timestamp_format: str | None = None
    """strptime format of a text column, such as %d/%m/%Y; default: ISO 8601."""
    timezone: Zone | None = None
    """Zone of stamps that carry none; such a stamp without this is an error."""
    event_type: str | None = None
    """The type of every record, as a literal; or use `event_type_column`."""
    event_type_column: str | None = None
    """Column with the type of each record."""
    event_id: str | None = None
    """Column with an id of the raw record; records of a customer with the same id are one."""
    attributes: dict[str, Attribute] = {}
    """Attributes to keep: name in the events table to its column."""
    where: str | None = None
    """SQL condition on raw columns; records that do not meet it are left out and counted."""
    lookup: Lookup | None = None
    """Table to join before anything else."""
    fold_by: list[str] = []
    """Columns whose values (with the customer) make several records one event, as a basket id; the
    event happens at the latest time of its records, when all of it is known."""
    duplicates: Literal["keep", "drop"] = "keep"
    """What to do with records alike in all mapped columns, where no `event_id` is given."""

    @model_validator(mode="after")
    def _one_event_type(self) -> EventSource:
        if (self.event_type is None) == (self.event_type_column is None):
            raise ValueError(
                "needs exactly one of event_type (a literal such as order) and event_type_column"
            )
        return self


class CsvSource(EventSource):
    """A log in CSV files with a header."""

    kind: Literal["csv"]
    """Delimited text."""
    separator: str = Field(default=",", min_length=1, max_length=1)
    """Character between fields."""


class ParquetSource(EventSource):
    """A log in Parquet files."""

    kind: Literal["parquet"]
    """Apache Parquet."""


class NdjsonSource(EventSource):
    """A log with one JSON object a line."""

    kind: Literal["ndjson"]
    """Newline-delimited JSON."""


class CustomersSource(Section):
    """A table with one row per customer: attributes that do not change."""

    kind: Literal["customers"]
    """Static attributes; they join the events of the same customer."""
    name: str
    """Names the source in reports and in the quarantine table."""
    path: str
    """CSV, Parquet or NDJSON file, told by its ending."""
    customer_id: str
    """Column with the customer's id, each once."""
    attributes: dict[str, StaticAttribute] = Field(min_length=1)
    """Attributes to keep: name in the events table to its column."""
    known_from: str | None = None
    """Column with the time from which the row was known; it is hidden before that."""
    timestamp_format: str | None = None
    """strptime format of `known_from` where it is text; default: ISO 8601."""
    timezone: Zone | None = None
    """Zone of `known_from` where it carries none."""


Source = Annotated[
    CsvSource | ParquetSource | NdjsonSource | CustomersSource, Field(discriminator="kind")
]
