"""Section `events.sources[].rules`: what the values of a column must be, one rule a column."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from seqchurn.config.section import Section
from seqchurn.config.units import Instant

__all__ = ["ColumnRule"]

Word = Annotated[str, Field(coerce_numbers_to_str=True)]


class ColumnRule(Section):
    """What the values of one column must be; a record with another value goes to quarantine."""

    column: str
    """Column of the raw log, one that the source maps."""
    event_types: list[str] | None = Field(default=None, min_length=1)
    """Types of the records that the rule is for; default: all."""
    required: bool = False
    """Whether there must be a value; the other demands are of values that are there."""
    min: float | None = None
    """Least value; one that is no number is refused too."""
    max: float | None = None
    """Greatest value; one that is no number is refused too."""
    allowed: list[Word] | None = Field(default=None, min_length=1)
    """All values there may be, compared as text."""
    pattern: str | None = None
    """Regular expression that the whole value matches."""
    not_before: Instant | None = None
    """Earliest time, for the column of times; without an offset in the zone of the source."""
    not_in_future: bool = False
    """Whether a time may be no later than a day after the run, for the column of times."""

    @model_validator(mode="after")
    def _demands_something(self) -> ColumnRule:
        values = (self.min, self.max, self.allowed, self.pattern, self.not_before)
        if not (self.required or self.not_in_future) and all(value is None for value in values):
            raise ValueError(
                f"says nothing of {self.column}; expected one or more of required, min, max, "
                "allowed, pattern, not_before and not_in_future. Add one or remove the rule"
            )
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(
                f"no number is at least {self.min:g} and at most {self.max:g}; expected min to be "
                f"no more than max. Correct one of them in the rule of {self.column}"
            )
        return self
