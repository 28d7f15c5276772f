"""What was known at a cutoff -> named groups of customers, which may overlap.

A model that is good at regulars can be useless for newcomers. Groups are by orders so far, by
tenure (since the first event), by quiet time (since the last order) and by what the shop did with
them; the borders of tenure and quiet time are thirds of the customers, so that one rule fits logs
of years and of hours, and stand in the names. Shapes: B customers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import polars as pl

from seqchurn.evaluation.interventions import intervention_groups
from seqchurn.evaluation.table import horizon_text
from seqchurn.schema import TIMESTAMP

__all__ = ["Cohorts", "cohorts_at", "count_events"]


@dataclass(frozen=True, eq=False)
class Cohorts(Mapping[str, npt.NDArray[np.bool_]]):
    """Name to members, each of shape (B,); `all` comes first.

    Args:
        members: The same, as a dictionary.
        kinds: Name to what the group is by, such as `tenure`; those of one kind do not overlap.
    """

    members: dict[str, npt.NDArray[np.bool_]]
    kinds: dict[str, str]

    def __getitem__(self, name: str) -> npt.NDArray[np.bool_]:
        """Members of a cohort."""
        return self.members[name]

    def __iter__(self) -> Iterator[str]:
        """Names, those of one kind beside each other."""
        return iter(self.members)

    def __len__(self) -> int:
        """Number of cohorts, with `all`."""
        return len(self.members)


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
        `all`, of the kind `customers`; by number of orders (order days) `no order yet`,
        `one order` and `repeat`; by number of events `one event`; up to three by tenure and, of
        customers who ordered, by quiet time; `holdout` and `treated`, where histories know them.
    """
    orders = known["order_days"].list.len().to_numpy()
    tenure = cutoff_day - known["first_day"].to_numpy()
    quiet = cutoff_day - known["order_days"].list.last().to_numpy()  # NaN: no order yet
    by_orders = {"no order yet": orders == 0, "one order": orders == 1, "repeat": orders > 1}
    groups = {
        "number of orders": by_orders,
        "number of events": {} if event_counts is None else {"one event": event_counts == 1},
        "tenure": dict(_thirds("tenure", tenure)),
        "quiet time": dict(_thirds("quiet", quiet)),
        "interventions": intervention_groups(known, cutoff_day=cutoff_day),
    }
    members, kinds = {"all": np.full(orders.size, True)}, {"all": "customers"}
    for kind, named in groups.items():
        partial = {name: group for name, group in named.items() if 0 < group.sum() < orders.size}
        members |= partial
        kinds |= dict.fromkeys(partial, kind)
    return Cohorts(members, kinds)


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
