"""Instants -> float days on the grid of waits, and back.

The model, the baselines and the metrics all measure time with one clock, in days since
1970-01-01. On a grid of whole days these are local calendar days, so that an order at 23:30 and
one at 00:30 are a day apart whatever the zone, and a day of 23 hours is a day. On a finer grid
they are elapsed days of UTC.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

import polars as pl

__all__ = ["Clock"]

_EPOCH = datetime(1970, 1, 1)
_DAY_US = 86_400_000_000


@dataclass(frozen=True)
class Clock:
    """The grid on which waits are counted.

    Args:
        step_days: Resolution of the grid, in days.
        timezone: Zone whose calendar days are counted and in which bare dates are read.
    """

    step_days: float
    timezone: str = "UTC"

    @property
    def counts_calendar_days(self) -> bool:
        """Whether a step is a whole number of local days."""
        return self.step_days >= 1 and self.step_days == int(self.step_days)

    @property
    def _step_us(self) -> int:
        return round(self.step_days * _DAY_US)

    def days(self, timestamp: pl.Expr) -> pl.Expr:
        """Days since 1970-01-01 of instants (Datetime[us, UTC]), not rounded, Float64."""
        ticks = self._ticks(timestamp)
        whole = ticks.floordiv(_DAY_US)
        return whole + (ticks - whole * _DAY_US) * (1.0 / _DAY_US)  # no division: see `grid`

    def grid(self, timestamp: pl.Expr) -> pl.Expr:
        """Days since 1970-01-01 of the start of the step that holds each instant, Float64.

        Whole steps times the length of a step, here and in `at`: a division would round
        differently in a table, in a table of one row and in Python, and an order could slip over
        the cutoff.
        """
        return self._ticks(timestamp).floordiv(self._step_us) * self.step_days

    def at(self, moment: datetime) -> float:
        """Days since 1970-01-01 of the start of the step that holds an aware datetime."""
        wall = moment.astimezone(self._zone).replace(tzinfo=None)
        return (wall - _EPOCH) // timedelta(microseconds=self._step_us) * self.step_days

    def is_on_grid(self, moment: datetime) -> bool:
        """Whether a step starts at this moment.

        Where a change of the clocks skips midnight, the day starts at the instant that follows.
        """
        return self.moment(self.at(moment)) == moment

    def moment(self, days: float) -> datetime:
        """The aware UTC datetime at `days` since 1970-01-01: the inverse of `at`."""
        wall = _EPOCH + timedelta(microseconds=round(days * _DAY_US))
        return wall.replace(tzinfo=self._zone).astimezone(UTC)

    def moments(self, days: pl.Expr) -> pl.Expr:
        """The instants (Datetime[us, UTC]) at whole steps since 1970-01-01, null for null.

        A local midnight that a change of the clocks skips is the instant that follows it.
        """
        wall = (days * _DAY_US).round().cast(pl.Int64).cast(pl.Datetime("us"))
        zone = self.timezone if self.counts_calendar_days else "UTC"
        local = wall.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
        later = (wall + timedelta(hours=1)).dt.replace_time_zone(
            zone, ambiguous="earliest", non_existent="null"
        )
        return pl.coalesce(local, later).dt.convert_time_zone("UTC")

    def instant(self, text: str) -> datetime:
        """An ISO date or time as an aware UTC datetime; without an offset it is local."""
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=ZoneInfo(self.timezone))
        return moment.astimezone(UTC)

    def local(self, moment: datetime) -> datetime:
        """The same instant as a clock on the wall shows it, for texts and records.

        >>> Clock(1.0, "Europe/London").local(datetime(2011, 5, 31, 23, tzinfo=UTC)).isoformat()
        '2011-06-01T00:00:00+01:00'
        """
        return moment.astimezone(ZoneInfo(self.timezone))

    @property
    def _zone(self) -> tzinfo:
        return ZoneInfo(self.timezone) if self.counts_calendar_days else UTC

    def _ticks(self, timestamp: pl.Expr) -> pl.Expr:
        """Microseconds of wall time (calendar days) or of UTC (finer grids) since 1970-01-01."""
        zone = self.timezone if self.counts_calendar_days else "UTC"
        wall = timestamp.dt.convert_time_zone(zone).dt.replace_time_zone(None)
        return wall.dt.cast_time_unit("us").to_physical()
