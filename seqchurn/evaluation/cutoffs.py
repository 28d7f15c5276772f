"""The span of a log -> rolling cutoffs, moments of the past at which a model can be tried."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime

from seqchurn.errors import ConfigError
from seqchurn.waits.clock import Clock

__all__ = ["last_day", "rolling_cutoffs", "validation_cutoffs"]


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
    _check_every(every_days, clock, place="[backtest] every")
    last = last_day(until, end_day - longest_days, clock, place="[backtest] until")
    room = _room(last - longest_days - first_day, every_days, clock)
    if count > room:
        remedy = f"Set backtest.cutoffs to {room}, or shorten" if room else "Shorten"
        raise ConfigError(
            f"[backtest] {count} cutoffs {every_days:g}d apart do not fit, {room} would: the last "
            f"is {_text(last, clock)}, and before the first must lie {longest_days:g}d, the "
            f"longest horizon, from the first order on, {_text(first_day, clock)}. {remedy} "
            "backtest.every or evaluation.horizons."
        )
    return [clock.moment(last - i * every_days) for i in reversed(range(count))]


def validation_cutoffs(
    span: tuple[float, float],
    *,
    count: int,
    every_days: float,
    horizons_days: Sequence[float],
    clock: Clock,
) -> list[datetime]:
    """Rolling cutoffs for the longest horizon that so many of them leave room for.

    Args:
        span: Grid day of the first order, and that of the training cutoff.
        count: How many.
        every_days: From one to the next, a whole number of steps.
        horizons_days: Horizons that can be judged before the training cutoff if they fit.
        clock: The grid of waits.

    Returns:
        Instants, ascending, each the start of a step, as `rolling_cutoffs` gives them.

    Raises:
        ConfigError: If they do not lie on the grid, or not even the shortest horizon fits.
    """
    first_day, end_day = span
    _check_every(every_days, clock, place="[tune] every")
    rooms = {h: _room(end_day - 2 * h - first_day, every_days, clock) for h in horizons_days}
    fitting = [horizon for horizon, room in rooms.items() if room >= count]
    if not fitting:
        shortest = min(rooms)
        remedy = (
            f"Set tune.cutoffs to {rooms[shortest]}, or shorten" if rooms[shortest] else "Shorten"
        )
        raise ConfigError(
            f"[tune] {count} cutoffs {every_days:g}d apart do not fit before the training cutoff "
            f"{_text(end_day, clock)}, {rooms[shortest]} would: the shortest horizon, "
            f"{shortest:g}d, must lie after the last and before the first, from the first order "
            f"on, {_text(first_day, clock)}. {remedy} tune.every or evaluation.horizons."
        )
    return rolling_cutoffs(
        span,
        count=count,
        every_days=every_days,
        longest_days=max(fitting),
        until=None,
        clock=clock,
    )


def _room(days: float, every_days: float, clock: Clock) -> int:
    """Cutoffs that fit into a stretch, one at either end of it."""
    slack = clock.step_days / 2  # less than a step is rounding
    return max(0, math.floor((days + slack) / every_days) + 1)


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


def _check_every(every_days: float, clock: Clock, *, place: str) -> None:
    steps = every_days / clock.step_days
    if abs(steps - round(steps)) > 1e-6 or steps < 0.5:
        raise ConfigError(
            f"{place} is {every_days:g}d, not a whole number of steps of "
            f"{clock.step_days:g}d. Choose one that is."
        )


def _text(day: float, clock: Clock) -> str:
    return clock.moment(day).isoformat()
