"""What was known at a cutoff -> named groups of customers, which may overlap.

A model that is good at regulars can be useless for newcomers. Groups are by orders so far, by
tenure (since the first event) and by quiet time (since the last order); the borders of the latter
two are thirds of the customers, so that one rule fits logs of years and of hours, and stand in the
names. Shapes: B customers.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import polars as pl

from seqchurn.evaluation.table import horizon_text
from seqchurn.schema import TIMESTAMP

__all__ = ["Cohorts", "cohorts_at", "count_events"]

Cohorts = dict[str, npt.NDArray[np.bool_]]
"""Name to members, each of shape (B,); `all` comes first."""


def cohorts_at(
    known: pl.DataFrame, *, cutoff_day: float, event_counts: npt.NDArray[np.int64] | None = None
) -> Cohorts:
    """The cohorts with at least one customer and fewer than all, behind `all`.

    Args:
        known: Histories as they stood at the cutoff, B rows.
        cutoff_day: First day not seen, in days since 1970-01-01.
        event_counts: Events of each customer before the cutoff, of any type, shape (B,); without
            them there is no cohort `one event`.

    Returns:
        `all`; `no order yet`, `one order` and `repeat` (order days); `one event`; up to three by
        tenure and, of customers who ordered, by quiet time.
    """
    orders = known["order_days"].list.len().to_numpy()
    tenure = cutoff_day - known["first_day"].to_numpy()
    quiet = cutoff_day - known["order_days"].list.last().to_numpy()  # NaN: no order yet
    groups = {"no order yet": orders == 0, "one order": orders == 1, "repeat": orders > 1}
    if event_counts is not None:
        groups["one event"] = event_counts == 1
    groups |= {**dict(_thirds("tenure", tenure)), **dict(_thirds("quiet", quiet))}
    partial = {name: members for name, members in groups.items() if 0 < members.sum() < orders.size}
    return {"all": np.full(orders.size, True), **partial}


def count_events(sequences: pl.DataFrame, before: datetime) -> npt.NDArray[np.int64]:
    """Events of any type of each customer before an instant, in the order of the sequences."""
    counts = sequences.select(pl.col(TIMESTAMP).list.filter(pl.element() < before).list.len())
    return counts.to_series().cast(pl.Int64).to_numpy()


def _thirds(
    quantity: str, days: npt.NDArray[np.float64]
) -> Iterator[tuple[str, npt.NDArray[np.bool_]]]:
    """Up to three groups of about equal count; customers without a value are in none."""
    known = days[~np.isnan(days)]
    if not known.size:
        return
    borders = sorted({_readable(border) for border in np.quantile(known, (1 / 3, 2 / 3))})
    for low, high in pairwise([-np.inf, *borders, np.inf]):
        if low == -np.inf:
            where = f"< {horizon_text(high)}"
        elif high == np.inf:
            where = f">= {horizon_text(low)}"
        else:
            where = f"{horizon_text(low)} to {horizon_text(high)}"
        yield f"{quantity} {where}", (days >= low) & (days < high)


def _readable(days: float) -> float:
    """A border that reads well: whole days from two days on, else two digits of hours."""
    return float(round(days)) if days >= 2 else float(f"{24 * days:.2g}") / 24
