"""Section `events.sources`: one raw log each, and how it maps to the events table."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar, Literal
from zoneinfo import ZoneInfo

from pydantic import Field, NonNegativeInt, field_validator, model_validator

from seqchurn.config.attributes import Attribute, Named, StaticAttribute
from seqchurn.config.database_uri import DatabaseUri
from seqchurn.config.identity import Identifiers
from seqchurn.config.names import SourceName
from seqchurn.config.rules import ColumnRule
from seqchurn.config.section import Section
from seqchurn.config.tables import CustomersSource, LinksSource
from seqchurn.config.units import Instant, Zone

__all__ = [
    "Attribute",
    "CsvSource",
    "CustomersSource",
    "DeltaSource",
    "EventSource",
    "FileSource",
    "LinksSource",
    "Lookup",
    "NdjsonSource",
    "ParquetSource",
    "SegmentSource",
    "SnowplowSource",
    "Source",
    "SqlSource",
    "StaticAttribute",
]


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
    """A raw log whose records become events, wherever it lies."""

    name: SourceName
    """Names the source in reports and in the quarantine table."""
    customer_id: str | None = None
    """Column with the customer's id, unless `identifiers` say who it is; a.b is the value b inside
    column a, here and below."""
    identifiers: Identifiers = {}
    """Columns that identify the customer: kind in `identity.order` to one or several; all of a
    record are of one customer."""
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
    attributes: Named[Attribute] = {}
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
    rules: list[ColumnRule] = []
    """What values of mapped columns must be; records with others go to quarantine."""
    not_in_future: bool = True
    """Whether records later than a day after the run go to quarantine; false: they are plans."""
    max_bad_fraction: float = Field(default=0.05, ge=0, le=1)
    """Share of the records read that may be refused; with more, prepare publishes nothing."""

    default_identifiers: ClassVar[Identifiers] = {}
    """What `identifiers` is where it is not given, as far as `identity.order` has these kinds."""

    @model_validator(mode="before")
    @classmethod
    def _literal_type(cls, values: Any) -> Any:
        """A literal goes before the column that a kind names by default."""
        if isinstance(values, dict) and values.get("event_type") is not None:
            return {"event_type_column": None, **values}
        return values

    @model_validator(mode="after")
    def _one_event_type(self) -> EventSource:
        if (self.event_type is None) == (self.event_type_column is None):
            raise ValueError(
                "needs exactly one of event_type (a literal such as order) and event_type_column"
            )
        return self


class FileSource(EventSource):
    """A raw log in files."""

    path: str
    """File, folder (all files below it) or glob; relative to this config file; package:NAME/FILE
    for data in a package."""
    on_change: Literal["replace", "refuse"] = "replace"
    """A file that changed after it was read: its new records replace the old ones, or the run
    stops."""
    on_missing: Literal["keep", "drop"] = "keep"
    """A file that is gone after it was read: its records stay, or go with it."""

    def origin(self) -> str:
        """Where the records lie, as messages say it."""
        return self.path


class CsvSource(FileSource):
    """A log in CSV files with a header."""

    kind: Literal["csv"]
    """Delimited text."""
    separator: str = Field(
        default=",",
        pattern=r"^[\x01-\t -!#-~]$",  # of one byte, and no end of a line
        json_schema_extra={"words": "one character of ASCII, but no quote"},
    )
    """Character between fields."""


class ParquetSource(FileSource):
    """A log in Parquet files."""

    kind: Literal["parquet"]
    """Apache Parquet."""


class NdjsonSource(FileSource):
    """A log with one JSON object a line."""

    kind: Literal["ndjson"]
    """Newline-delimited JSON."""


class SegmentSource(FileSource):
    """A log of Segment messages, one JSON object a line, as Segment writes them to storage."""

    kind: Literal["segment"]
    """Segment's track, page, screen, identify, alias and group messages."""
    customer_id: str | None = "customer_id"
    """Column with the customer's id; default: userId, else anonymousId; also: user_id,
    anonymous_id."""
    timestamp: str = "happened_at"
    """Column with the time of the event; default: timestamp, else originalTimestamp, receivedAt."""
    event_type_column: str | None = "event_type"
    """Column with the type of each record; default: the event that a track call names, else the
    type of the message."""
    event_id: str | None = "messageId"
    """Column with an id of the raw record; records of a customer with the same id are one."""

    default_identifiers: ClassVar[Identifiers] = {  # an alias does not say of which kind the id was
        "user": ["userId", "previousId"],
        "anonymous": ["anonymousId", "previousId"],
    }


class SnowplowSource(FileSource):
    """A log of Snowplow's enriched events, tab-separated, without a header."""

    kind: Literal["snowplow"]
    """Snowplow's enriched events: 131 columns."""
    customer_id: str | None = "user_id_or_domain_userid"
    """Column with the customer's id."""
    timestamp: str = "derived_or_collector_tstamp"
    """Column with the time of the event."""
    timezone: Zone | None = "UTC"
    """Zone of stamps that carry none."""
    event_type_column: str | None = "event_name"
    """Column with the type of each record; se_action_or_event_name names structured events, too."""
    event_id: str | None = "event_id"
    """Column with an id of the raw record; records of a customer with the same id are one."""

    default_identifiers: ClassVar[Identifiers] = {
        "user": ["user_id"],
        "anonymous": ["domain_userid"],
    }


class SqlSource(EventSource):
    """A log in a database; every column is read as text."""

    kind: Literal["sql"]
    """SQLite, PostgreSQL or another with an ADBC driver; MySQL and Redshift through connectorx."""
    uri: DatabaseUri
    """Database, such as postgresql://shop:${SHOP_PASSWORD}@host/shop or sqlite:////folder/shop.db;
    ${NAME} is an environment variable, the only way to give a password."""
    table: str | None = None
    """Table or view to read, with its schema if need be: sales.orders; or use `query`."""
    query: str | None = None
    """SELECT whose rows are the records."""
    since: Instant | None = None
    """Records before this time are not read; without an offset it is read in `timezone`, or UTC."""
    until: Instant | None = None
    """First time that is not read."""

    @model_validator(mode="after")
    def _one_table(self) -> SqlSource:
        if (self.table is None) == (self.query is None):
            raise ValueError("needs exactly one of table (a name) and query (a SELECT)")
        since, until = self.window()
        if since is not None and until is not None and since >= until:
            raise ValueError(
                f"since is {self.since}, which is not before until, {self.until}. Give a later "
                "until"
            )
        windowed = since is not None or until is not None
        if windowed and self.timestamp_format not in (None, "s", "ms", "us"):
            raise ValueError(
                f"since and until cannot bound text like {self.timestamp_format}, which databases "
                "do not sort by time; leave them out, or give a query that makes ISO 8601 of it"
            )
        return self

    def window(self) -> tuple[datetime | None, datetime | None]:
        """`since` and `until` as instants, UTC."""
        return self._instant(self.since), self._instant(self.until)

    def origin(self) -> str:
        """Where the records lie, as messages say it."""
        return f"{self.table or 'query'} in {self.uri}"

    def _instant(self, text: Instant | None) -> datetime | None:
        if text is None:
            return None
        stamp = datetime.fromisoformat(text)
        if stamp.tzinfo is None:
            stamp = stamp.replace(tzinfo=ZoneInfo(self.timezone or "UTC"))
        return stamp.astimezone(UTC)


class DeltaSource(EventSource):
    """A log in a Delta Lake table."""

    kind: Literal["delta"]
    """Delta Lake; needs the extra `lake`."""
    path: str
    """Folder of the table, relative to this config file, or its URI, as s3://bucket/orders;
    credentials come from the environment, as AWS_SECRET_ACCESS_KEY."""
    version: NonNegativeInt | None = None
    """Version of the table to read; default: the newest."""

    @field_validator("path")
    @classmethod
    def _no_credentials(cls, path: str) -> str:
        if "://" in path and re.search("[?@]", path):
            raise ValueError(
                "a login or options stand in it; put credentials into environment variables, such "
                "as AWS_SECRET_ACCESS_KEY or AZURE_STORAGE_SAS_TOKEN, and leave them out of it"
            )
        return path

    def origin(self) -> str:
        """Where the records lie, as messages say it."""
        return self.path


Source = Annotated[
    CsvSource
    | ParquetSource
    | NdjsonSource
    | SegmentSource
    | SnowplowSource
    | SqlSource
    | DeltaSource
    | CustomersSource
    | LinksSource,
    Field(discriminator="kind"),
]
