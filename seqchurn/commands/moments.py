"""What a run of `score` is told of times -> the moments that are scored."""

from __future__ import annotations

import math
from datetime import datetime
from zoneinfo import ZoneInfo

from seqchurn.commands.parts import clock_of
from seqchurn.config import Config
from seqchurn.config.units import duration_days
from seqchurn.errors import ConfigError
from seqchurn.prediction import check_moment
from seqchurn.waits import Clock

__all__ = ["moments_of"]


def moments_of(
    config: Config, *, as_of: str | None, start: str | None, end: str | None
) -> list[datetime]:
    """One moment, the start of today by default, or one per scoring interval of a range.

    Raises:
        ConfigError: If one lies inside a step, or the range holds none.
    """
    clock = clock_of(config)
    if (start is None) != (end is None) or (start is not None and as_of is not None):
        raise ConfigError("give either --as_of, or both --from and --to.")
    if start is None or end is None:
        return [clock.instant(as_of) if as_of else _today(clock)]
    _check_interval(config)
    for moment in (clock.instant(start), clock.instant(end)):
        check_moment(clock, moment)
    first, last = clock.at(clock.instant(start)), clock.at(clock.instant(end))
    interval = duration_days(config.scoring.interval)
    count = math.ceil((last - first) / interval - 1e-6)  # the range is half-open
    moments = [clock.moment(first + i * interval) for i in range(count)]
    if not moments:
        raise ConfigError(f"--from {start} --to {end} holds no moment. Give a later --to.")
    for moment in moments:
        check_moment(clock, moment)
    return moments


def _check_interval(config: Config) -> None:
    steps = duration_days(config.scoring.interval) / clock_of(config).step_days
    if abs(steps - round(steps)) > 1e-6 or steps < 0.5:
        raise ConfigError(
            f"[scoring] interval {config.scoring.interval} is not a whole number of steps of "
            f"[waits] step {config.waits.step}. Choose one that is."
        )


def _today(clock: Clock) -> datetime:
    """The last step that starts no later than the local midnight that begins today."""
    now = datetime.now(ZoneInfo(clock.timezone))
    return clock.moment(clock.at(now.replace(hour=0, minute=0, second=0, microsecond=0)))
