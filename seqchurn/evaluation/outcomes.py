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
from seqchurn.waits.clock import Clock
from seqchurn.waits.histories import known_before, next_order_day

__all__ = ["COHORTS", "Outcomes", "outcomes_at"]

COHORTS = ("no order yet", "one order", "repeat")
"""By order days before the cutoff: none, one, more."""


@dataclass(frozen=True)
class Outcomes:
    """What followed a cutoff, for every customer first seen before it.

    Args:
        cutoff: First instant not seen, aware.
        cutoff_day: The same in days since 1970-01-01.
        known: Histories as they stood at the cutoff, B rows.
        horizons_days: Windows asked for, shape (H,).
        ordered: True where an order came in [cutoff, cutoff + horizon), shape (B, H).
        observed: True where an order came before the end of the log, shape (B,).
        wait_days: Days after the cutoff at which the step with the next order starts and ends,
            shape (B, 2); where none came both are the end of the log.
        cohort: Name of the cohort of each customer, shape (B,).
    """

    cutoff: datetime
    cutoff_day: float
    known: pl.DataFrame
    horizons_days: npt.NDArray[np.float64]
    ordered: npt.NDArray[np.bool_]
    observed: npt.NDArray[np.bool_]
    wait_days: npt.NDArray[np.float64]
    cohort: npt.NDArray[np.str_]

    def members(self, cohort: str) -> npt.NDArray[np.bool_]:
        """Who belongs to a cohort, shape (B,); everybody to `all`."""
        return np.full(self.cohort.shape, True) if cohort == "all" else self.cohort == cohort

    def cohorts(self) -> list[str]:
        """`all`, then those of `COHORTS` with at least one customer."""
        return ["all", *(name for name in COHORTS if (self.cohort == name).any())]


def outcomes_at(
    histories: pl.DataFrame,
    *,
    cutoff: datetime,
    horizons_days: Sequence[float],
    end_day: float,
    clock: Clock,
) -> Outcomes:
    """Compare what was known at a cutoff with what followed.

    Args:
        histories: The frame of `seqchurn.waits.histories.histories`, over the whole log.
        cutoff: First instant not seen, aware.
        horizons_days: Windows after the cutoff, in days.
        end_day: First day after the log: the end of the step that holds its last event.
        clock: The grid of waits.

    Returns:
        One row per customer first seen before the cutoff, in the order of the histories.

    Raises:
        DataError: If the log is empty.
        ConfigError: If the cutoff lies outside the log or between two steps of the grid, or a
            horizon reaches beyond the end of the log.
    """
    cutoff_day = clock.at(cutoff)
    _check_cutoff(histories, cutoff, end_day, clock)
    _check_horizons(cutoff, horizons_days, end_day, clock)
    half_step = clock.step_days / 2  # between two starts of steps, whatever rounding did
    known = known_before(histories, cutoff_day - half_step)
    following = next_order_day(histories, cutoff_day - half_step).to_numpy() - cutoff_day
    following = np.rint(following / clock.step_days) * clock.step_days  # NaN: no order
    horizons = np.asarray(horizons_days, dtype=np.float64)
    observed = following < end_day - cutoff_day - half_step
    starts = np.where(observed, following, end_day - cutoff_day)
    ends = np.where(observed, following + clock.step_days, end_day - cutoff_day)
    orders = known["order_days"].list.len().to_numpy()
    return Outcomes(
        cutoff=cutoff,
        cutoff_day=cutoff_day,
        known=known,
        horizons_days=horizons,
        ordered=following[:, None] < horizons - half_step,
        observed=observed,
        wait_days=np.stack([starts, ends], axis=1),
        cohort=np.asarray(COHORTS)[np.minimum(orders, 2)],
    )


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
