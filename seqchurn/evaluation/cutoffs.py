"""The span of a log -> rolling cutoffs, moments of the past at which a model can be tried."""

from __future__ import annotations

import math
from datetime import datetime

from seqchurn.errors import ConfigError
from seqchurn.waits.clock import Clock

__all__ = ["last_day", "rolling_cutoffs"]


def rolling_cutoffs(
    span: tuple[float, float],
    *,
    count: int,
    every_days: float,
    longest_days: float,
    until: datetime | None,
    clock: Clock,
) -> list[datetime]:
    """Equally distant moments at which every horizon can be judged.

    Args:
        span: Grid day of the first order, and first grid day after the log.
        count: How many.
        every_days: From one to the next, a whole number of steps.
        longest_days: Longest horizon. All of it was observed after the last cutoff; as much of
            the log lies before the first, or nothing could be learned about it.
        until: The last one; None for the latest there can be.
        clock: The grid of waits.

    Returns:
        Instants, ascending, each the start of a step.

    Raises:
        ConfigError: If they do not lie on the grid or do not fit into the log.
    """
    first_day, end_day = span
    _check_every(every_days, clock)
    last = last_day(until, end_day - longest_days, clock, place="[backtest] until")
    slack = clock.step_days / 2  # less than a step is rounding
    room = max(0, math.floor((last - longest_days - first_day + slack) / every_days) + 1)
    if count > room:
        remedy = f"Set backtest.cutoffs to {room}, or shorten" if room else "Shorten"
        raise ConfigError(
            f"[backtest] {count} cutoffs {every_days:g}d apart do not fit, {room} would: the last "
            f"is {_text(last, clock)}, and before the first must lie {longest_days:g}d, the "
            f"longest horizon, from the first order on, {_text(first_day, clock)}. {remedy} "
            "backtest.every or evaluation.horizons."
        )
    return [clock.moment(last - i * every_days) for i in reversed(range(count))]


def last_day(asked: datetime | None, latest: float, clock: Clock, *, place: str) -> float:
    """Grid day of a cutoff after which every horizon was observed.

    Args:
        asked: The cutoff, if somebody chose one; None for the latest.
        latest: Grid day of the latest that there can be.
        clock: The grid.
        place: Where it was chosen, for complaints.

    Raises:
        ConfigError: If it lies inside a step or after the latest.
    """
    if asked is None:
        return latest
    if not clock.is_on_grid(asked):
        raise ConfigError(
            f"{place} {asked.isoformat()} lies inside a step of {clock.step_days:g}d. "
            "Choose the start of a step, such as midnight for a step of one day."
        )
    if clock.at(asked) > latest + clock.step_days / 2:
        raise ConfigError(
            f"{place} {asked.isoformat()} lies after {_text(latest, clock)}, the last "
            "moment after which the longest horizon was observed. Choose an earlier one, or "
            "shorter horizons."
        )
    return clock.at(asked)


def _check_every(every_days: float, clock: Clock) -> None:
    steps = every_days / clock.step_days
    if abs(steps - round(steps)) > 1e-6 or steps < 0.5:
        raise ConfigError(
            f"[backtest] every is {every_days:g}d, not a whole number of steps of "
            f"{clock.step_days:g}d. Choose one that is."
        )


def _text(day: float, clock: Clock) -> str:
    return clock.moment(day).isoformat()
