"""The running wait of one customer, as people read it: curves, dates, and what if it stays quiet.

Days are counted from the moment on, in steps of the grid. Shapes: D days asked for.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from seqchurn.console import preformatted, table
from seqchurn.errors import ConfigError
from seqchurn.prediction.running_waits import RunningWaits
from seqchurn.waits.clock import Clock

__all__ = ["CustomerWait"]

_SHOWN_DAYS = (7.0, 14.0, 28.0, 90.0, 180.0)
_SHOWN_LEVELS = (0.1, 0.5, 0.9)


@dataclass(frozen=True)
class CustomerWait:
    """When one customer orders next, as seen from a moment.

    Args:
        waits: The running wait, of this customer alone.
        clock: The grid of waits.
        orders: Whether the customer has ordered before; the wait is else counted from the first
            event.
    """

    waits: RunningWaits
    clock: Clock
    orders: bool

    @property
    def customer_id(self) -> str:
        """Who is waited for."""
        return str(self.waits.customer_ids[0])

    @property
    def as_of(self) -> datetime:
        """First instant not seen, or after a quiet time that was assumed."""
        return self.clock.moment(self.waits.as_of_day)

    @property
    def quiet_days(self) -> float | None:
        """Days since the last order; None for a customer who never ordered."""
        return self.waits.as_of_day - float(self.waits.start_day[0]) if self.orders else None

    @property
    def p_never(self) -> float:
        """Probability that no order ever comes."""
        return float(self.waits.p_never[0])

    def survival(self, days: ArrayLike) -> NDArray[np.float64]:
        """Probability that no order comes in [as_of, as_of + days), shape (D,); falls with days.

        Raises:
            ConfigError: If days are negative.
        """
        asked = np.atleast_1d(np.asarray(days, dtype=np.float64))
        if (asked < 0).any():
            raise ConfigError(f"days are {asked.min():g}; expected none below 0.")
        return np.where(asked > 0, 1.0 - self.waits.probability(asked)[0], 1.0)

    def probability(self, days: ArrayLike) -> NDArray[np.float64]:
        """Probability of an order in [as_of, as_of + days), shape (D,); rises with days."""
        return 1.0 - self.survival(days)

    def hazard(self, days: ArrayLike) -> NDArray[np.float64]:
        """Probability of an order in the step from as_of + days on, if none came before.

        Shape (D,), per step of the grid.
        """
        asked = np.atleast_1d(np.asarray(days, dtype=np.float64))
        before, after = self.survival(asked), self.survival(asked + self.clock.step_days)
        return 1.0 - after / np.maximum(before, np.finfo(float).tiny)

    def quantile(self, probability: ArrayLike) -> NDArray[np.float64]:
        """Days after as_of of the step within which, or before, the order comes, shape (D,).

        With probabilities in (0, 1), shape (D,); inf where an order never gets as probable. As the
        dates of the score table: 0 is the step that starts at as_of.
        """
        levels = np.atleast_1d(np.asarray(probability, dtype=np.float64))
        days: NDArray[np.float64] = self.waits.order_day(levels)[0] - self.waits.as_of_day
        return days

    def given_quiet(self, days: float) -> CustomerWait:
        """The same distribution, known to have no order in so many days from now on.

        What the model knows today, no more: asked anew on that day it would look again, at the
        calendar and at how long ago everything is, and may say something a little different.

        Raises:
            ConfigError: If that is not a whole number of steps, or less than none.
        """
        steps = days / self.clock.step_days
        if steps < 0 or abs(steps - round(steps)) > 1e-6:
            raise ConfigError(
                f"{days:g} days are not a whole number of steps of {self.clock.step_days:g} days, "
                "at least none. Choose one that is."
            )
        survived = self.waits.survived_days + round(steps) * self.clock.step_days
        waits = replace(
            self.waits,
            wait=self.waits.wait.given_quiet(survived),
            survived_days=survived,
            as_of_day=self.waits.as_of_day + days,
        )
        return replace(self, waits=waits)

    def curve(self, days: float = 180.0) -> pl.DataFrame:
        """The whole distribution, step by step, as charts take it.

        Returns:
            `day` (date and time), `survival` and `hazard`, see the methods of these names.
        """
        steps = self.clock.step_days * np.arange(int(days / self.clock.step_days) + 1)
        moments = [self.clock.moment(self.waits.as_of_day + step) for step in steps]
        columns = {"survival": self.survival(steps), "hazard": self.hazard(steps)}
        return pl.DataFrame({"day": moments, **columns})

    def __str__(self) -> str:
        """What a notebook or a terminal shows."""
        quiet = self.quiet_days
        since = "" if quiet is None else f", {quiet:g} days after the last order"
        head = f"customer {self.customer_id} as of {self._text(self.as_of)}{since}"
        dates = [[f"{level:.0%}", self._date(level)] for level in _SHOWN_LEVELS]
        within = [
            [f"{days:g} days", f"{p:.1%}"]
            for days, p in zip(_SHOWN_DAYS, self.probability(_SHOWN_DAYS), strict=True)
        ]
        parts = [table(within, ["order within", ""]), table(dates, ["it has come with", "by"])]
        return "\n\n".join([head, *parts])

    def _repr_html_(self) -> str:
        return preformatted(str(self))

    def _date(self, level: float) -> str:
        days = float(self.quantile(level)[0])
        if np.isinf(days):
            return "never"
        return self._text(self.clock.moment(self.waits.as_of_day + days))

    def _text(self, moment: datetime) -> str:
        """A moment by the clock of the shop."""
        local = moment.astimezone(ZoneInfo(self.clock.timezone))
        midnight = (local.hour, local.minute, local.second) == (0, 0, 0)
        return f"{local:%Y-%m-%d}" if midnight else f"{local:%Y-%m-%d %H:%M}"
