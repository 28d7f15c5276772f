"""A fitted model and sequences -> the wait that is running for every customer at a moment.

The only place where a model meets customers it is to judge: evaluation, batch scoring and the
MLflow model all read their numbers off `RunningWaits`.

Shapes: B customers, H horizons, Q probabilities.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Self

import numpy as np
import polars as pl
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from seqchurn.datasets.batch import length_batches, pad
from seqchurn.datasets.jagged import Jagged, make_jagged
from seqchurn.datasets.landmarks import Landmarks, place
from seqchurn.errors import ConfigError
from seqchurn.training.fitted_model import FittedModel
from seqchurn.waits.clock import Clock
from seqchurn.waits.mean_wait import MeanWait
from seqchurn.waits.wait import Wait

__all__ = ["RunningWaits", "check_moment", "known_at", "running_waits"]

_BATCH_SLOTS = 16_384


@dataclass(frozen=True)
class RunningWaits:
    """The waits of B customers at one moment, counted from their last order."""

    customer_ids: pl.Series
    wait: Wait
    """Known to be longer than `survived_days`, batch shape (B,)."""
    start_day: Tensor
    """Grid day of the last order, else of the first event, shape (B,), float64."""
    survived_days: Tensor
    """Part of the wait that is already over, shape (B,)."""
    as_of_day: float
    step_days: float

    @classmethod
    def of(
        cls,
        customer_ids: pl.Series,
        waits: Sequence[Wait],
        start_day: Tensor,
        as_of_day: float,
        step_days: float,
    ) -> Self:
        """What several networks say given the quiet time, averaged.

        Args:
            customer_ids: B customers.
            waits: Of each network, from the start of the wait on, batch shape (B,).
            start_day: See the fields.
            as_of_day: Grid day of the moment.
            step_days: Resolution of the grid, in days.
        """
        steps = torch.round((as_of_day - start_day) / step_days) - 1.0
        survived_days = steps * step_days  # whole steps, whatever rounding did to the days
        given_quiet = [wait.given_quiet(survived_days) for wait in waits]
        wait = MeanWait(given_quiet) if len(given_quiet) > 1 else given_quiet[0]
        return cls(customer_ids, wait, start_day, survived_days, as_of_day, step_days)

    @property
    def p_never(self) -> NDArray[np.float64]:
        """Probability that no order ever comes, given the quiet time, shape (B,)."""
        return self.wait.log_never.exp().numpy()

    def probability(self, horizon_days: NDArray[np.float64]) -> NDArray[np.float64]:
        """Probability of an order in [as_of, as_of + horizon); rises with the horizon.

        Args:
            horizon_days: Horizons of all customers, shape (H,), or of each, shape (B, H).

        Returns:
            Shape (B, H).
        """
        horizons = torch.from_numpy(
            np.broadcast_to(horizon_days, (len(self.start_day), horizon_days.shape[-1])).copy()
        )
        still_open = self.wait.log_survival(self.survived_days + horizons.T)  # (H, B)
        return -torch.expm1(still_open).T.numpy()

    def order_day(self, probabilities: ArrayLike) -> NDArray[np.float64]:
        """Grid days by which the next order has come with given probabilities.

        Args:
            probabilities: Of all customers, shape (Q,), or of each, shape (B, Q).

        Returns:
            Shape (B, Q); inf where an order never gets as probable.
        """
        levels = np.asarray(probabilities, dtype=np.float64)
        levels = np.broadcast_to(levels, (len(self.start_day), levels.shape[-1]))
        days = self.wait.quantile(torch.from_numpy(levels.T.copy()))  # (Q, B)
        steps = torch.ceil(days / self.step_days - 1e-6)  # an order in a step comes at its end
        steps = steps.maximum(torch.round(self.survived_days / self.step_days) + 1.0)
        return (self.start_day + steps * self.step_days).T.numpy()


def check_moment(clock: Clock, moment: datetime) -> None:
    """Check that a step of the grid starts at a moment.

    Raises:
        ConfigError: If it lies inside one.
    """
    if not clock.is_on_grid(moment):
        raise ConfigError(
            f"{moment.isoformat()} lies inside a step of {clock.step_days:g} days. Choose the "
            "start of a step, such as midnight for a step of one day."
        )


def known_at(model: FittedModel, sequences: pl.DataFrame, as_of: datetime) -> Jagged:
    """The histories, as a model reads them, of all customers with an event before a moment.

    Raises:
        ConfigError: If `as_of` lies inside a step of the grid.
    """
    check_moment(model.clock, as_of)
    return make_jagged(
        sequences,
        codebook=model.codebook,
        clock=model.clock,
        target=model.target,
        cutoff=as_of,
        max_events=model.max_events,
    )


def running_waits(model: FittedModel, sequences: pl.DataFrame, as_of: datetime) -> RunningWaits:
    """The running waits of all customers with an event before a moment.

    Args:
        model: The fitted model.
        sequences: The sequences table; later events are not looked at.
        as_of: First instant not seen, aware; the start of a step.

    Raises:
        ConfigError: If `as_of` lies inside a step of the grid.
    """
    clock = model.clock
    jagged = known_at(model, sequences, as_of)
    as_of_day = clock.at(as_of)
    with torch.inference_mode():
        contexts, start_day = _contexts(model, jagged, as_of_day)
        waits = [
            network.waits(context, start_day)
            for network, context in zip(model.networks, contexts, strict=True)
        ]
        return RunningWaits.of(jagged.customer_ids, waits, start_day, as_of_day, clock.step_days)


def _contexts(model: FittedModel, jagged: Jagged, as_of_day: float) -> tuple[list[Tensor], Tensor]:
    """Contexts (B, C) of each network, and start of the wait (B,), of every customer."""
    encoders = [network.encoder for network in model.networks]
    contexts = [torch.zeros(len(jagged), encoder.size) for encoder in encoders]
    start_day = torch.zeros(len(jagged), dtype=torch.float64)
    for rows in length_batches(jagged.lengths, batch_slots=_BATCH_SLOTS):
        events = pad(jagged, rows)
        landmarks = _at(as_of_day, len(rows), events.grid, events.wait_start, model)
        for context, encoder in zip(contexts, encoders, strict=True):
            context[rows] = encoder(events, landmarks)[:, 0]
        start_day[rows] = landmarks.wait_start[:, 0]
    return contexts, start_day


def _at(
    day: float, customers: int, grid: Tensor, wait_start: Tensor, model: FittedModel
) -> Landmarks:
    days = torch.full((customers, 1), day, dtype=torch.float64)
    real = torch.ones_like(days, dtype=torch.bool)
    return place(days, real, grid=grid, wait_start=wait_start, step_days=model.clock.step_days)
