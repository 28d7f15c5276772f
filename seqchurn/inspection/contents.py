"""Events store -> its contents in a few small tables, read bucket by bucket.

The store is read twice: first for the types and where the log ends, then for all that depends on
the end. Memory is bounded by a bucket.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl

from seqchurn.errors import DataError
from seqchurn.inspection.attributes import CUSTOMERS, commonest, filled_counts, value_counts
from seqchurn.inspection.counting import (
    ORDER_CLASSES,
    added,
    month_counts,
    order_counts,
    order_days,
    tie_counts,
    type_counts,
)
from seqchurn.inspection.gaps import gap_counts, with_shares
from seqchurn.schema import CUSTOMER_ID, EVENT_TYPE, TIMESTAMP
from seqchurn.storage import Snapshot
from seqchurn.waits import Clock

__all__ = ["Contents", "Mapped", "read_contents"]

_KEYS = {
    "months": ["month", EVENT_TYPE],
    "orders": ["orders"],
    "ties": ["tie"],
    "gaps": ["steps"],
    "attributes": ["attribute", "of"],
    "values": ["attribute", "value"],
}


@dataclass(frozen=True)
class Mapped:
    """What a config makes of the log.

    Args:
        clock: The grid of waits.
        target: Event type that is an order.
        attributes: Names of the attributes of events.
        static: Names of the attributes of customers.
        complete_until: First instant for which the log is not complete; None: the step after the
            last order.
    """

    clock: Clock
    target: str
    attributes: Sequence[str] = ()
    static: Sequence[str] = ()
    complete_until: datetime | None = None


@dataclass(frozen=True)
class Contents:
    """What is in an events table. Counts are of events unless their column says otherwise."""

    manifest: dict[str, Any]
    """Of the events table: customers, span, sources, quarantined records."""
    mapped: Mapped
    end_day: float
    """First grid day after the log."""
    types: pl.DataFrame
    """`event_type`, `events`, `customers`, `first`, `last`."""
    months: pl.DataFrame
    """`month` (its first day), `event_type`, `events`."""
    orders: pl.DataFrame
    """`orders` (position in ORDER_CLASSES), `customers`."""
    ties: pl.DataFrame
    """`tie` (instant or step), `places`, `events`."""
    gaps: pl.DataFrame
    """As `seqchurn.inspection.gaps.with_shares` returns."""
    attributes: pl.DataFrame
    """`attribute`, `of`, `rows`, `filled`, `total`, `smallest`, `largest`."""
    values: pl.DataFrame
    """`attribute`, `value`, `rows`."""

    @property
    def customers_by_orders(self) -> dict[str, int]:
        """Customers in each class of ORDER_CLASSES, by its name."""
        counts = dict(self.orders.iter_rows())
        return {name: counts.get(place, 0) for place, name in enumerate(ORDER_CLASSES)}

    @property
    def has_orders(self) -> bool:
        """Whether the target occurs in the log."""
        return self.mapped.target in self.types[EVENT_TYPE]


def read_contents(snapshot: Snapshot, mapped: Mapped) -> Contents:
    """Count what is in an events table.

    Args:
        snapshot: Publication of the events table.
        mapped: What the config makes of it.

    Raises:
        DataError: If the table has no event, or lacks an attribute.
        EnvironmentFailure: If it was replaced while it was read.
    """
    if not snapshot.manifest["total_rows"]:
        raise DataError(
            f"the events in {snapshot.folder} hold no event; expected at least one. Run seqchurn "
            "prepare on a log that has some."
        )
    columns = [CUSTOMER_ID, TIMESTAMP, EVENT_TYPE]
    found = [
        type_counts(snapshot.read(bucket, columns).lazy()).collect()
        for bucket in snapshot.buckets()
    ]
    types = added(found, [EVENT_TYPE])
    end_day = _end_day(types, mapped)
    tables: dict[str, pl.DataFrame] = {}
    for bucket in snapshot.buckets():
        counted = _counted(snapshot.read(bucket), mapped, end_day)
        for name, table in counted.items():
            so_far = [tables[name]] if name in tables else []
            tables[name] = added([*so_far, table], _KEYS[name])
        tables["values"] = commonest(tables["values"])
    tables["gaps"] = with_shares(tables["gaps"])
    return Contents(snapshot.manifest, mapped, end_day, types, **tables)


def _end_day(types: pl.DataFrame, mapped: Mapped) -> float:
    """First grid day after the log; without any order, after the last event."""
    clock = mapped.clock
    if mapped.complete_until is not None:
        return clock.at(mapped.complete_until)
    orders = types.filter(pl.col(EVENT_TYPE) == mapped.target)
    last = (orders if orders.height else types)["last"].max()
    assert isinstance(last, datetime)
    return clock.at(last) + clock.step_days


def _counted(events: pl.DataFrame, mapped: Mapped, end_day: float) -> dict[str, pl.DataFrame]:
    """The tables of one bucket."""
    _check(events, mapped)
    clock, rows = mapped.clock, events.lazy()
    days = order_days(rows, clock=clock, target=mapped.target)
    customers = rows.select(CUSTOMER_ID, *mapped.static).unique(CUSTOMER_ID)
    of_events, of_customers = list(mapped.attributes), list(mapped.static)
    filled = filled_counts(rows, of_events)
    filled += filled_counts(customers, of_customers, of=CUSTOMERS)
    values = value_counts(rows, of_events) + value_counts(customers, of_customers)
    tables = {
        "months": month_counts(rows, clock.timezone),
        "orders": order_counts(days, events[CUSTOMER_ID].n_unique()),
        "ties": tie_counts(rows, days),
        "gaps": gap_counts(days, end_day=end_day, step_days=clock.step_days),
        "attributes": pl.concat([_NO_ATTRIBUTES.lazy(), *filled]),
        "values": pl.concat([_NO_VALUES.lazy(), *values]),
    }
    return dict(zip(tables, pl.collect_all(tables.values()), strict=True))


_COUNT = pl.get_index_type()
_NUMBERS = dict.fromkeys(("total", "smallest", "largest"), pl.Float64)
_NO_ATTRIBUTES = pl.DataFrame(
    schema={"attribute": pl.String, "of": pl.String, "rows": _COUNT, "filled": _COUNT, **_NUMBERS}
)
_NO_VALUES = pl.DataFrame(schema={"attribute": pl.String, "value": pl.String, "rows": _COUNT})


def _check(events: pl.DataFrame, mapped: Mapped) -> None:
    lacking = {*mapped.attributes, *mapped.static} - set(events.columns)
    if lacking:
        raise DataError(
            f"the events have no {', '.join(sorted(lacking))}, which the config maps. Run "
            "seqchurn prepare."
        )
