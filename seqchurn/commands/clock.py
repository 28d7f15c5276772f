"""A whole config -> its grid of waits, and where it says that the log ends.

Apart from the other parts, so that a verb without a model need not load what models need.
"""

from __future__ import annotations

from datetime import datetime

from seqchurn.config import Config
from seqchurn.config.units import duration_days
from seqchurn.errors import ConfigError
from seqchurn.waits import Clock

__all__ = ["clock_of", "complete_until"]


def clock_of(config: Config) -> Clock:
    """The grid of waits."""
    return Clock(duration_days(config.waits.step), config.waits.timezone)


def complete_until(config: Config) -> datetime | None:
    """First instant for which the log is not complete, if the config says it.

    Raises:
        ConfigError: If it lies inside a step.
    """
    clock, end = clock_of(config), config.waits.complete_until
    if end is None:
        return None
    if not clock.is_on_grid(clock.instant(end)):
        raise ConfigError(
            f"[waits] complete_until {end} lies inside a step of {config.waits.step}. Choose "
            "the start of a step."
        )
    return clock.instant(end)
