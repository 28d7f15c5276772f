"""Section `events.sources`, kinds `customers` and `links`: tables beside the logs of events."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field, model_validator

from seqchurn.config.attributes import Named, StaticAttribute
from seqchurn.config.identity import Identifiers
from seqchurn.config.names import SourceName
from seqchurn.config.rules import ColumnRule
from seqchurn.config.section import Section
from seqchurn.config.units import Zone

__all__ = ["CustomersSource", "LinksSource"]


class CustomersSource(Section):
    """A table with one row per customer: attributes that do not change."""

    kind: Literal["customers"]
    """Static attributes; they join the events of the same customer."""
    name: SourceName
    """Names the source in reports and in the quarantine table."""
    path: str
    """CSV, Parquet or NDJSON file, told by its ending."""
    customer_id: str | None = None
    """Column with the customer's id, each once; or use `identifiers`."""
    identifiers: Identifiers = {}
    """Columns that identify the customer: kind in `identity.order` to one or several."""
    attributes: Named[StaticAttribute] = Field(min_length=1)
    """Attributes to keep: name in the events table to its column."""
    known_from: str | None = None
    """Column with the time from which the row was known; it is hidden before that."""
    timestamp_format: str | None = None
    """strptime format of `known_from` where it is text; default: ISO 8601."""
    timezone: Zone | None = None
    """Zone of `known_from` where it carries none."""
    rules: list[ColumnRule] = []
    """What values of mapped columns must be; records with others go to quarantine."""
    max_bad_fraction: float = Field(default=0.05, ge=0, le=1)
    """Share of the records read that may be refused; with more, prepare publishes nothing."""

    default_identifiers: ClassVar[Identifiers] = {}

    def origin(self) -> str:
        """Where the records lie, as messages say it."""
        return self.path


class LinksSource(Section):
    """A table of identifiers that are of one customer, a row for those that belong together."""

    kind: Literal["links"]
    """Links between identifiers; no events."""
    name: SourceName
    """Names the source in reports and in the quarantine table."""
    path: str
    """CSV, Parquet or NDJSON file, told by its ending."""
    identifiers: Identifiers
    """Two columns or more that identify the same customer: kind in `identity.order` to one or
    several."""
    max_bad_fraction: float = Field(default=0.05, ge=0, le=1)
    """Share of the records read that may be refused; with more, prepare publishes nothing."""

    default_identifiers: ClassVar[Identifiers] = {}

    @model_validator(mode="after")
    def _two_columns(self) -> LinksSource:
        columns = [column for of_kind in self.identifiers.values() for column in of_kind]
        if len(columns) < 2:
            raise ValueError(
                f"identifiers names {', '.join(columns) or 'no column'}; a link needs two columns "
                "or more, as {user: user_id, email: email}"
            )
        return self

    def origin(self) -> str:
        """Where the records lie, as messages say it."""
        return self.path
