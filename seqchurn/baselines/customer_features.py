"""Histories and a day -> hand-made features of each customer at that day.

What a shop's analyst would write: recency, tenure, order days in windows, the last gaps, their
mean and spread, counts and recency of every event type, and sums, means and last values of the
numbers of orders. Nothing at or after the day is looked at. Shapes: B customers, N points (order
days or events) ascending in time within each customer, F features.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Self

import numpy as np
import numpy.typing as npt
import polars as pl

__all__ = ["CustomerFeatures", "windows"]

_Vector = npt.NDArray[np.float64]
_Mask = npt.NDArray[np.bool_]

_WINDOWS_DAYS = (7.0, 14.0, 28.0, 56.0, 91.0, 182.0, 364.0)
_GAPS = 3


def windows(span_days: float, step_days: float) -> list[float]:
    """Lengths of windows, in days, ascending and at least a step each.

    Weeks up to a year; in a log of less than eight weeks the same in proportion, the longest as
    long as the log.

    >>> windows(300.0, 1.0)
    [7.0, 14.0, 28.0, 56.0, 91.0, 182.0, 364.0]
    >>> windows(52.0, 1.0)
    [1.0, 2.0, 4.0, 8.0, 13.0, 26.0, 52.0]
    """
    scale = 1.0 if span_days >= 8 * 7.0 else span_days / _WINDOWS_DAYS[-1]
    return [max(window * scale, step_days) for window in _WINDOWS_DAYS]


class CustomerFeatures:
    """Features of the same customers at one day after another; NaN where there is no answer.

    Args:
        known: Histories of B customers, with or without the column `events`.
        windows_days: Lengths of windows that counts are taken over, in days.
        step_days: Resolution of the grid, in days.
        event_types: Event types to count; those of nobody are counted as never.
    """

    def __init__(
        self,
        known: pl.DataFrame,
        *,
        windows_days: Sequence[float],
        step_days: float,
        event_types: Sequence[str],
    ) -> None:
        """Lay the lists of all customers end to end."""
        self._windows = windows_days
        self._step = step_days
        self._first_day = known["first_day"].to_numpy()
        rows = known.with_row_index("row")
        orders = rows.select("row", day="order_days").explode("day", empty_as_null=False)
        self._orders = _Points.of(orders, known.height)
        self._events: dict[str, _Points] = {}
        self._numbers: list[tuple[_Points, _Vector]] = []
        if "events" in known.columns:
            events = rows.select("row", "events").explode("events", empty_as_null=False)
            self._lay_out_events(events.unnest("events"), event_types)

    def at(self, day: float) -> _Vector:
        """Features at a day of the grid, shape (B, F), the same F every day."""
        before = day - self._step / 2  # between two steps, whatever rounding did
        columns = [
            day - self._first_day,
            *self._of_orders(day, before),
            *self._of_events(day, before),
            *self._of_numbers(before),
        ]
        return np.stack(columns, axis=1)

    def _lay_out_events(self, events: pl.DataFrame, event_types: Sequence[str]) -> None:
        n_customers = self._first_day.size
        for event_type in event_types:
            of_type = events.filter(pl.col("event_type") == event_type)
            self._events[event_type] = _Points.of(of_type, n_customers)
        if "numbers" in events.columns:
            for name in events["numbers"].struct.fields:
                number = pl.col("numbers").struct.field(name).cast(pl.Float64)
                given = events.select("row", "day", value=number.fill_nan(None)).drop_nulls()
                self._numbers.append((_Points.of(given, n_customers), given["value"].to_numpy()))

    def _of_orders(self, day: float, before: float) -> Iterator[_Vector]:
        """Number, recency, tenure, rate, last gaps, mean and spread of gaps, quiet time by them."""
        orders = self._orders
        seen = orders.day < before
        n = orders.number(seen)
        quiet, tenure = day - orders.nth_last(n, 1), day - orders.nth_last(n, n)
        yield from (n, quiet, tenure, n / tenure)
        for k in range(1, _GAPS + 1):
            yield orders.nth_last(n, k) - orders.nth_last(n, k + 1)
        gaps = np.where(np.diff(orders.row, prepend=-1) == 0, np.diff(orders.day, prepend=0.0), 0.0)
        n_gaps = np.where(n > 1, n - 1, np.nan)
        mean = orders.total(seen, gaps) / n_gaps
        spread = np.sqrt(np.maximum(orders.total(seen, gaps**2) / n_gaps - mean**2, 0.0))
        yield from (mean, spread, quiet / mean, (quiet - mean) / (spread + self._step))
        for window in self._windows:
            yield orders.number(seen & (orders.day >= before - window))

    def _of_events(self, day: float, before: float) -> Iterator[_Vector]:
        """Recency of each event type, its number in every other window, and in all."""
        for points in self._events.values():
            seen = points.day < before
            n = points.number(seen)
            yield from (day - points.nth_last(n, 1), n)
            for window in self._windows[::2]:
                yield points.number(seen & (points.day >= before - window))

    def _of_numbers(self, before: float) -> Iterator[_Vector]:
        """Sum, mean and last value of each number of orders."""
        for points, values in self._numbers:
            seen = points.day < before
            n, total = points.number(seen), points.total(seen, values)
            yield from (total, total / np.where(n > 0, n, np.nan), points.nth_last(n, 1, values))


class _Points(NamedTuple):
    """Points in time of B customers, end to end.

    Args:
        row: Which customer, shape (N,), ascending.
        day: When, shape (N,).
        start: Position of the first point of each customer, shape (B,).
    """

    row: npt.NDArray[np.int64]
    day: _Vector
    start: npt.NDArray[np.int64]

    @classmethod
    def of(cls, table: pl.DataFrame, n_customers: int) -> Self:
        """From the columns `row` and `day`."""
        row = table["row"].cast(pl.Int64).to_numpy()
        return cls(row, table["day"].to_numpy(), np.searchsorted(row, np.arange(n_customers)))

    def number(self, chosen: _Mask) -> _Vector:
        """Chosen points of each customer, shape (B,)."""
        return np.bincount(self.row[chosen], minlength=self.start.size).astype(np.float64)

    def total(self, chosen: _Mask, values: _Vector) -> _Vector:
        """Sum of the values (N,) of chosen points of each customer, shape (B,)."""
        sums = np.bincount(self.row[chosen], values[chosen], minlength=self.start.size)
        return sums.astype(np.float64)  # whole zeros where nothing was chosen at all

    def nth_last(self, n: _Vector, k: _Vector | int, values: _Vector | None = None) -> _Vector:
        """The k-th last of the first n points of each customer, their days or values (N,).

        Shape (B,); NaN where k is not within 1 to n.
        """
        position = (self.start + n - k).astype(np.int64)
        values = np.append(self.day if values is None else values, np.nan)
        return values[np.where((n >= k) & (n > 0), position, -1)]
