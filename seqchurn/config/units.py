"""Durations and instants as people write them: `7d`, `6h`, `2017-10-01`."""

from __future__ import annotations

import math
import re
from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, WithJsonSchema

__all__ = [
    "Duration",
    "Instant",
    "Zone",
    "above_zero",
    "checked_instant",
    "duration_days",
    "whole_above_zero",
]

_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_YEARS = range(1900, 2200)
_DURATION = re.compile(r"([1-9][0-9]*)([smhdw])")


def duration_days(duration: str) -> float:
    """Length of a duration in days.

    >>> duration_days("6h")
    0.25
    """
    match = _DURATION.fullmatch(duration)
    if match is None:
        raise ValueError(
            f"'{duration}' is not a duration longer than zero: write a whole number "
            "and a unit, such as 7d, 6h, 30m or 1s"
        )
    return int(match[1]) * _SECONDS[match[2]] / _SECONDS["d"]


def checked_instant(instant: str) -> str:
    """The instant itself, if it is an ISO date or time of a year that calendars can do with.

    Raises:
        ValueError: It is not.
    """
    try:
        year = datetime.fromisoformat(instant).year
    except ValueError:
        raise ValueError(
            f"'{instant}' is not a date or time: write 2017-10-01 or 2017-10-01T06:00:00+00:00"
        ) from None
    if year not in _YEARS:
        raise ValueError(
            f"'{instant}' is of the year {year}; write a date or time of the years "
            f"{_YEARS[0]} to {_YEARS[-1]}"
        )
    return instant


def above_zero(text: str) -> float:
    """The number above zero that a text stands for.

    Raises:
        ValueError: It stands for none.
    """
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 < number < math.inf:
        raise ValueError(f"'{text}' is not a number above zero: write 30 or 0.5")
    return number


def whole_above_zero(text: str) -> int:
    """The whole number above zero that a text stands for.

    Raises:
        ValueError: It stands for none.
    """
    if not re.fullmatch("0*[1-9][0-9]{0,8}", text):
        raise ValueError(f"'{text}' is not a whole number above zero: write 20")
    return int(text)


def _checked_duration(duration: str) -> str:
    duration_days(duration)
    return duration


def _checked_zone(zone: str) -> str:
    try:
        ZoneInfo(zone)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"'{zone}' is not a time zone: write UTC or Europe/London") from None
    return zone


def _in_words(words: str) -> WithJsonSchema:
    """Says in help and error messages what values the type takes."""
    return WithJsonSchema({"type": "string", "words": words})


Duration = Annotated[
    str, AfterValidator(_checked_duration), _in_words("duration such as 7d, 6h, 30m or 1s")
]
"""A whole number with a unit of s, m, h, d or w; kept as written, for column names."""

Instant = Annotated[
    str,
    BeforeValidator(str),
    AfterValidator(checked_instant),
    _in_words("date or time such as 2017-10-01"),
]
"""An ISO date or time; without an offset it is read in the zone of `waits.timezone`."""

Zone = Annotated[str, AfterValidator(_checked_zone), _in_words("time zone such as Europe/London")]
"""A name of the IANA time zone database."""
