"""Histories, a cutoff and the end of the log -> who was known, and what followed.

The one place where labels are made: the network and every baseline are judged by the same rows in
the same order. Shapes: B customers, H horizons.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt
import polars as pl

from seqchurn.errors import ConfigError, DataError
from seqchurn.evaluation.cohorts import Cohorts, cohorts_at
from seqchurn.waits.clock import Clock
from seqchurn.waits.histories import known_before, next_order_day

__all__ = ["Outcomes", "outcomes_at"]


@dataclass(frozen=True)
class Outcomes:
    """What followed a cutoff, for every customer first seen before it.

    Args:
        cutoff: First instant not seen, aware.
        cutoff_text: The same as a clock on the wall shows it, ISO 8601 with offset.
        cutoff_day: The same in days since 1970-01-01.
        known: Histories as they stood at the cutoff, B rows.
        horizons_days: Windows asked for, shape (H,).
        ordered: True where an order came in [cutoff, cutoff + horizon), shape (B, H).
        observed: True where an order came before the end of the log, shape (B,).
        order_counts: Order days in [cutoff, cutoff + horizon), shape (B, H).
        wait_days: Days after the cutoff at which the step with the next order starts and ends,
            shape (B, 2); where none came both are the end of the log. Whole steps, so that equal
            waits are equal numbers.
        cohorts: Name to members, each of shape (B,), `all` first; see
            `seqchurn.evaluation.cohorts`.
        step_days: Resolution of the grid, in days.
        end_days: End of the log, in days after the cutoff.
    """

    cutoff: datetime
    cutoff_text: str
    cutoff_day: float
    known: pl.DataFrame
    horizons_days: npt.NDArray[np.float64]
    ordered: npt.NDArray[np.bool_]
    observed: npt.NDArray[np.bool_]
    order_counts: npt.NDArray[np.int64]
    wait_days: npt.NDArray[np.float64]
    cohorts: Cohorts
    step_days: float
    end_days: float


def outcomes_at(
    histories: pl.DataFrame,
    *,
    cutoff: datetime,
    horizons_days: Sequence[float],
    end_day: float,
    clock: Clock,
    event_counts: npt.NDArray[np.int64] | None = None,
) -> Outcomes:
    """Compare what was known at a cutoff with what followed.

    Args:
        histories: The frame of `seqchurn.waits.histories.histories`, over the whole log.
        cutoff: First instant not seen, aware.
        horizons_days: Windows after the cutoff, in days.
        end_day: First day after the log: the end of the step that holds its last event.
        clock: The grid of waits.
        event_counts: Events before the cutoff, by history, for the cohort `one event`.

    Returns:
        One row per customer first seen before the cutoff, in the order of the histories.

    Raises:
        DataError: If the log is empty.
        ConfigError: If the cutoff or a horizon ends outside the log or inside a step.
    """
    _check_cutoff(histories, cutoff, end_day, clock)
    _check_horizons(cutoff, horizons_days, end_day, clock)
    cutoff_day, step = clock.at(cutoff), clock.step_days
    between = cutoff_day - step / 2  # no order lies there, whatever rounding did
    known = known_before(histories, between)
    following = np.rint((next_order_day(histories, between).to_numpy() - cutoff_day) / step)
    end = round((end_day - cutoff_day) / step)  # steps, like `following`; NaN: no order
    horizons, observed = np.asarray(horizons_days, dtype=np.float64), following < end
    wait = np.stack([following, following + 1], axis=1)
    seen = (histories["first_day"] < between).to_numpy()
    counts = None if event_counts is None else event_counts[seen]
    return Outcomes(
        cutoff=cutoff,
        cutoff_text=clock.local(cutoff).isoformat(),
        cutoff_day=cutoff_day,
        known=known,
        horizons_days=horizons,
        ordered=following[:, None] < np.rint(horizons / step),
        observed=observed,
        order_counts=_order_counts(histories.filter(seen), between, horizons),
        wait_days=np.where(observed[:, None], wait, end) * step,
        cohorts=cohorts_at(known, cutoff_day=cutoff_day, event_counts=counts),
        step_days=step,
        end_days=end * step,
    )


def _order_counts(
    histories: pl.DataFrame, start_day: float, horizons: npt.NDArray[np.float64]
) -> npt.NDArray[np.int64]:
    """Order days from a day between two steps, within each horizon, shape (B, H)."""
    within = [pl.element().is_between(start_day, start_day + horizon) for horizon in horizons]
    counts = [
        pl.col("order_days").list.filter(w).list.len().alias(str(h)) for h, w in enumerate(within)
    ]
    return histories.select(counts).cast(pl.Int64).to_numpy()


def _check_cutoff(histories: pl.DataFrame, cutoff: datetime, end_day: float, clock: Clock) -> None:
    if histories.is_empty():
        raise DataError("[evaluation] the log holds no customer, so there is nothing to evaluate.")
    first_day = float(histories["first_day"].min())  # type: ignore[arg-type]
    span = f"the log holds {_text(first_day)} to {_text(end_day)}"
    shown = _text(clock.at(cutoff))
    if not clock.is_on_grid(cutoff):
        raise ConfigError(
            f"[evaluation] cutoff {cutoff:%Y-%m-%d %H:%M:%S} lies inside a step of "
            f"{clock.step_days:g}d. Choose the start of a step, such as midnight for a step of one "
            "day."
        )
    if clock.at(cutoff) <= first_day:
        raise ConfigError(
            f"[evaluation] no customer is known before the cutoff {shown}; {span}. "
            "Choose a later cutoff."
        )
    if clock.at(cutoff) >= end_day:
        raise ConfigError(
            f"[evaluation] nothing follows the cutoff {shown}; {span}. Choose an earlier cutoff."
        )


def _check_horizons(
    cutoff: datetime, horizons_days: Sequence[float], end_day: float, clock: Clock
) -> None:
    cutoff_day = clock.at(cutoff)
    for horizon in horizons_days:
        steps = horizon / clock.step_days
        if round(steps) < 1 or abs(steps - round(steps)) > 1e-6:
            raise ConfigError(
                f"[evaluation] horizon {horizon:g}d is not a whole number of steps of "
                f"{clock.step_days:g}d, at least one. Choose one that is."
            )
        if cutoff_day + horizon > end_day + clock.step_days * 1e-6:
            raise ConfigError(
                f"[evaluation] cutoff {_text(cutoff_day)} + {horizon:g}d = "
                f"{_text(cutoff_day + horizon)} lies after the end of the log "
                f"{_text(end_day)}; choose a shorter horizon or an earlier cutoff."
            )


def _text(days: float) -> str:
    """A day of the clock as its date; an instant between two midnights with its time."""
    wall = datetime(1970, 1, 1) + timedelta(days=days)
    return wall.date().isoformat() if days == int(days) else wall.isoformat(sep=" ")
