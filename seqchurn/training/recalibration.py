"""A fitted network and the log after its training -> how much it is to order more, or less.

All levels shift: what a network has learned of last month may promise a tenth too much today. One
number mends it, the scale a of the hazard, S(t) ^ a in place of S(t): the most likely one over
waits that ran in the slice of the log that training left out. It is the level of that slice: what
the network expects of it, as that activity fades to its mean, goes on to change after the cutoff.
With the hazard x that passed from the landmark to the last step without an order, and y in the step
of the order:

    d log L / d a = sum over landmarks of -x + [order came] y / (exp(a y) - 1) = 0

Shapes: N landmarks.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from seqchurn.datasets.data_module import Asking, LandmarkBatch, LandmarkBatches
from seqchurn.datasets.training_data import TrainingData
from seqchurn.errors import DataError
from seqchurn.training.wait_model import WaitModel
from seqchurn.waits.inverse import falls_to_zero
from seqchurn.waits.wait import log1mexp

__all__ = ["most_likely_scale", "recalibrate"]

_FARTHEST = 20.0  # a scale beyond, or below its inverse, is no recalibration
_REACH = 1e3


@torch.no_grad()
def recalibrate(network: WaitModel, data: TrainingData, asking: Asking, *, seed: int) -> None:
    """Set the hazard scale of a network by what followed its training, until the cutoff.

    Args:
        network: Fitted to what came before `data.end_day`; changed in place.
        data: With a slice between `end_day` and `cutoff_day`.
        asking: How customers are asked; days are drawn evenly from the slice.
        seed: Seed of the draws.

    Raises:
        DataError: If the slice says something else altogether than the network.
    """
    network.hazard_scale.fill_(1.0)
    batches = LandmarkBatches(
        data.jagged,
        torch.arange(len(data.jagged)),
        Asking(asking.step_days, asking.landmarks, "uniform", asking.batch_slots),
        days=(data.end_day, data.cutoff_day),
        seed=seed,
        shuffle=False,
    )
    network.eval()
    none = torch.empty(0, 2, dtype=torch.float64)
    hazards = (_hazards(network, batches[i], asking.step_days) for i in range(len(batches)))
    quiet, ordering = torch.cat([none, *hazards]).T
    scale = most_likely_scale(quiet, ordering)
    if not 1.0 / _FARTHEST < scale < _FARTHEST:
        raise DataError(
            f"[datasets] in the last {data.cutoff_day - data.end_day:g} days before the cutoff, "
            f"kept for recalibration, orders came more than {_FARTHEST:g} times as often, or as "
            f"seldom, as was learned before ({int((ordering > 0).sum())} of {len(ordering)} "
            "questions were answered by an order). Look at the log, or set "
            "datasets.recalibration_span to 0."
        )
    network.hazard_scale.copy_(scale)


def most_likely_scale(quiet: Tensor, ordering: Tensor) -> Tensor:
    """The scale of the hazard under which what happened is most likely, scalar.

    Between a thousandth and a thousand: an end of that where the likelihood still rises.

    Args:
        quiet: Hazard that passed without an order, shape (N,), >= 0.
        ordering: Hazard of the step in which the order came, 0 where none did, shape (N,).
    """
    came = ordering[ordering > 0]

    def slope(log_scale: Tensor) -> tuple[Tensor, Tensor]:
        scale = log_scale.exp()
        left = torch.special.expm1(scale * came)
        curvature = -(came.square() * (left + 1.0) / left.square()).sum()
        return (came / left).sum() - quiet.sum(), curvature * scale

    even, far = quiet.new_zeros(()), quiet.new_full((), math.log(_REACH))
    return falls_to_zero(slope, even - far, even, far).exp()


def _hazards(network: WaitModel, batch: LandmarkBatch, step_days: float) -> Tensor:
    """Hazards of `most_likely_scale` at the N real landmarks of a batch, shape (N, 2)."""
    asked, real = batch.questions, batch.landmarks.real
    days = torch.where(real, asked.days, step_days)
    wait = network(batch.events, batch.landmarks)
    before = wait.log_survival(days - step_days)  # (B, L)
    quiet = wait.log_survival(torch.where(real, asked.survived_days, 0.0)) - before
    ordering = -log1mexp(before - wait.log_interval(days - step_days, days))
    return torch.stack([quiet, torch.where(asked.observed, ordering, 0.0)], dim=-1)[real]
