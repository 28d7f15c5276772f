"""Section `deliveries`: the systems that scores go to, one each, and who is worth a message."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import pairwise
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    NonNegativeInt,
    PositiveInt,
    field_validator,
)

from seqchurn.config.database_uri import DatabaseUri
from seqchurn.config.section import Section

__all__ = [
    "Bands",
    "CsvDelivery",
    "DatabaseDelivery",
    "Deliveries",
    "Delivery",
    "FileDelivery",
    "HttpDelivery",
    "ParquetDelivery",
    "SegmentDelivery",
    "SnowplowDelivery",
]

Address = Annotated[
    str,
    Field(
        pattern=r"^https?://[^\s@?#]+$",
        json_schema_extra={"words": "address without login, such as https://collector.example.com"},
    ),
]


class Bands(Section):
    """Bands of risk; only a customer whose band or audiences changed is worth a message."""

    of: Literal["churn_percentile", "p_churn"] = "churn_percentile"
    """Column that is cut into bands."""
    cuts: list[float] | None = Field(default=None, min_length=1)
    """Where one band ends, itself included, and the next begins, ascending; default: every whole
    percent of the column."""

    @field_validator("cuts")
    @classmethod
    def _ascending(cls, cuts: list[float] | None) -> list[float] | None:
        if cuts is not None and any(low >= high for low, high in pairwise(cuts)):
            raise ValueError(
                f"{', '.join(f'{cut:g}' for cut in cuts)} do not ascend; write each cut once, the "
                "lowest first, as [50, 80, 95]"
            )
        return cuts


class _Delivery(Section):
    """What all deliveries have."""

    bands: Bands = Bands()
    """Bands of risk; the message tells the number of the band, from 1, the least at risk."""
    columns: list[str] | None = Field(default=None, min_length=1)
    """Columns of the score table to deliver beside customer_id, as_of, band, audiences and
    message_id; default: all."""
    batch_rows: PositiveInt | None = None
    """Rows that are delivered, and recorded as delivered, at a time; default: all that go into a
    file or a table, 100 messages."""
    retries: NonNegativeInt = 5
    """How often a batch that failed is tried again before the run gives up."""
    backoff_seconds: float = Field(default=1.0, ge=0)
    """Time to the first of these tries; it doubles from one to the next."""

    def rows_at_once(self) -> int | None:
        """`batch_rows` or what stands for it; None: all."""
        return self.batch_rows


class FileDelivery(_Delivery):
    """A file with the last message on every customer: scores as of a change of band or audience."""

    path: str
    """Folder of the file, relative to this config file; the file has the name of the delivery."""


class ParquetDelivery(FileDelivery):
    """A Parquet file with the last message on every customer, replaced as a whole."""

    kind: Literal["parquet"]
    """Apache Parquet."""


class CsvDelivery(FileDelivery):
    """A CSV file with the last message on every customer, replaced as a whole."""

    kind: Literal["csv"]
    """Comma-separated text with a header; times in ISO 8601."""


class DatabaseDelivery(_Delivery):
    """A table of a database with one row per customer and as_of; a batch is one transaction."""

    kind: Literal["database"]
    """SQLite, PostgreSQL or, untested, another with an ADBC driver; needs the extra `sql`."""
    uri: DatabaseUri
    """Database, such as postgresql://crm:${CRM_PASSWORD}@host/crm or sqlite:////folder/crm.db;
    ${NAME} is an environment variable, the only way to give a password."""
    table: str = Field(
        pattern=r"^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)?$",
        json_schema_extra={"words": "name of letters, digits and _, with its schema if need be"},
    )
    """Table to write, made if there is none, with its schema if need be: crm.scores."""


class HttpDelivery(_Delivery):
    """Messages to a collector, one per customer."""

    def rows_at_once(self) -> int:
        """`batch_rows` or what stands for it: collectors limit the size."""
        return self.batch_rows or 100


class SegmentDelivery(HttpDelivery):
    """Segment's identify calls: scores become traits of the user with the customer's id."""

    kind: Literal["segment"]
    """Segment's HTTP API; needs the extra `sinks`."""
    write_key_env: str = Field(
        pattern=r"^[A-Za-z_][A-Za-z0-9_]*$",
        json_schema_extra={"words": "name of an environment variable"},
    )
    """Environment variable with the write key, as SEGMENT_WRITE_KEY."""
    host: Address = "https://api.segment.io"
    """Where messages go, as https://events.eu1.segmentapis.com."""


class SnowplowDelivery(HttpDelivery):
    """Snowplow's self-describing events, one per customer, of the user with the customer's id."""

    kind: Literal["snowplow"]
    """Snowplow's collector; needs the extra `sinks`."""
    collector: Address
    """Address of the collector."""
    event_schema: str = Field(
        pattern=r"^iglu:[A-Za-z0-9_.-]+/[A-Za-z0-9_-]+/jsonschema/[0-9]+-[0-9]+-[0-9]+$",
        json_schema_extra={"words": "schema such as iglu:com.acme/score/jsonschema/1-0-0"},
    )
    """Schema of the event in your Iglu registry; its properties are the delivered columns."""
    app_id: str = "seqchurn"
    """Application that the events are of."""


Delivery = Annotated[
    ParquetDelivery | CsvDelivery | DatabaseDelivery | SegmentDelivery | SnowplowDelivery,
    Field(discriminator="kind", json_schema_extra={"default": {"kind": "parquet"}}),
]


def _of_a_kind(deliveries: Any) -> Any:
    """Deliveries without a kind are of the default kind."""
    if not isinstance(deliveries, dict):
        return deliveries
    return {
        name: {"kind": "parquet", **delivery} if isinstance(delivery, dict) else delivery
        for name, delivery in deliveries.items()
    }


def _named(deliveries: Mapping[str, Delivery]) -> Mapping[str, Delivery]:
    for name in deliveries:
        if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,99}", name):
            raise ValueError(
                f"a delivery has the name {name!r}; expected up to 100 letters (A to Z), digits, - "
                "and _, as a folder has the name. Rename it, as crm"
            )
    return deliveries


Deliveries = Annotated[dict[str, Delivery], BeforeValidator(_of_a_kind), AfterValidator(_named)]
"""Deliveries by name."""
