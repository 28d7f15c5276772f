"""What became of the records of a source."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

__all__ = ["IngestReport"]


@dataclass(frozen=True)
class IngestReport:
    """Counts of one source: read = kept + duplicate + quarantined + filtered, in raw records.

    For a source of events, events = kept - folded_away + extra; a table of customers makes none.
    """

    source: str
    read: int
    kept: int
    duplicate: int
    """Repeats that were dropped."""
    quarantined: int
    filtered: int
    """Left out by `where`."""
    folded_away: int
    """Records that joined the event of another."""
    events: int
    extra: int = 0
    """Events beyond the first of a record; no source makes several yet."""
    warnings: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The report as JSON can hold it."""
        return {**asdict(self), "warnings": list(self.warnings)}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> IngestReport:
        """The inverse of `as_json`."""
        return cls(**{**values, "warnings": tuple(values["warnings"])})
