"""The folder of a config's scores -> its published tables, and which of their horizons have passed.

What a table says is read from the table: the config that it was made with may have changed since.
"""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import polars as pl

from seqchurn.config.units import duration_days
from seqchurn.errors import DataError
from seqchurn.schema import CUSTOMER_ID
from seqchurn.storage import Snapshot, tables_by_moment
from seqchurn.waits import Clock

__all__ = ["ScoreTable", "day_text", "score_tables"]

_log = logging.getLogger(__name__)

_WITHIN, _ORDERS = "p_order_", "expected_orders_"


@dataclass(frozen=True)
class ScoreTable:
    """A published score table.

    Args:
        snapshot: Its rows.
        as_of: First instant that the scores did not see, aware.
        model: Name and version of the model that made them.
        horizons: As they stand in the names of its columns, such as 7d, to their days.
    """

    snapshot: Snapshot
    as_of: datetime
    model: str
    horizons: dict[str, float]

    def ends(self, clock: Clock) -> dict[str, float]:
        """First day after each horizon, in days since 1970-01-01."""
        return {h: clock.at(self.as_of) + days for h, days in self.horizons.items()}

    def passed(self, clock: Clock, end_day: float) -> dict[str, float]:
        """Horizons that ended no later than the log."""
        slack = 1e-6 * clock.step_days  # what adding days may round
        ends = self.ends(clock)
        return {h: days for h, days in self.horizons.items() if ends[h] <= end_day + slack}

    def is_on(self, clock: Clock) -> bool:
        """Whether its moment starts a step of this grid and its horizons are whole steps."""
        steps = [days / clock.step_days for days in self.horizons.values()]
        return clock.is_on_grid(self.as_of) and all(abs(n - round(n)) <= 1e-6 for n in steps)

    def read(self) -> pl.DataFrame:
        """`customer_id`, and `p_order_` and `expected_orders_` of each horizon."""
        columns = [f"{kind}{h}" for kind in (_WITHIN, _ORDERS) for h in self.horizons]
        return self.snapshot.scan().select(CUSTOMER_ID, *columns).collect()


def day_text(day: float) -> str:
    """A day since 1970-01-01 of the clock as its date, with a time where it is no midnight.

    >>> day_text(19_000.0), day_text(19_000.25)
    ('2022-01-08', '2022-01-08 06:00:00')
    """
    moment = datetime(1970, 1, 1) + timedelta(days=day)
    return moment.date().isoformat() if day == int(day) else moment.isoformat(" ", "seconds")


def score_tables(folder: Path, clock: Clock, *, since_day: float = -math.inf) -> list[ScoreTable]:
    """The tables that can be judged, by rising `as_of`; warnings name the others.

    A moment that was never published, as where a guard refused, is no table and not named.

    Args:
        folder: With a folder per table, `as_of=...`.
        clock: The grid of waits.
        since_day: Tables of moments before are left alone.

    Raises:
        DataError: If there is none.
    """
    tables = []
    for as_of, store in tables_by_moment(folder, clock.instant).items():
        if clock.at(as_of) < since_day:
            continue
        table = _table(store.snapshot(), as_of) if store.exists() else None
        if table is None:
            _log.warning("left out %s, which holds no table that can be read", store.folder)
        elif not table.is_on(clock):
            place = store.folder
            _log.warning("left out %s, which is not on the grid of waits of the config", place)
        else:
            tables.append(table)
    if not tables:
        since = "" if math.isinf(since_day) else f" as of {day_text(since_day)} or later"
        raise DataError(f"no score table{since} in {folder} can be judged. Run seqchurn score.")
    return tables


def _table(snapshot: Snapshot, as_of: datetime) -> ScoreTable:
    facts, columns = snapshot.facts, snapshot.scan().collect_schema().names()
    horizons = [c.removeprefix(_WITHIN) for c in columns if c.startswith(_WITHIN)]
    return ScoreTable(
        snapshot=snapshot,
        as_of=as_of,
        model=f"{facts['model_name']} version {facts['model_version']}",
        horizons={h: duration_days(h) for h in horizons},
    )
