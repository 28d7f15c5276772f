"""A fitted network and the log after its training -> how much it is to order more, or less.

All levels shift: what a network has learned of last month may promise a tenth too much today. One
number mends it, the scale a of the hazard, S(t) ^ a in place of S(t): the most likely one over
waits that ran in the slice of the log that training left out. With the hazard x that passed from
the landmark to the last step without an order, and y in the step of the order:

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

_FARTHEST = math.log(20.0)  # a scale beyond is no recalibration


@torch.no_grad()
def recalibrate(network: WaitModel, data: TrainingData, asking: Asking, *, seed: int) -> None:
    """Set the hazard scale of a network by what followed its training, until the cutoff.

    Args:
        network: Fitted to what came before `data.end_day`; changed in place.
        data: With a slice between `end_day` and `cutoff_day`.
        asking: How customers are asked; days are drawn evenly from the slice.
        seed: Seed of the draws.

    Raises:
        DataError: If no order follows a landmark in the slice.
    """
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
    if not ordering.any():
        raise DataError(
            "[datasets] no order can be asked for in the last "
            f"{data.cutoff_day - data.end_day:g} days before the cutoff: there is nothing to "
            "recalibrate by. Change datasets.recalibration_span."
        )
    network.hazard_scale.copy_(most_likely_scale(quiet, ordering))


def most_likely_scale(quiet: Tensor, ordering: Tensor) -> Tensor:
    """The scale of the hazard under which what happened is most likely, scalar.

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

    even, far = quiet.new_zeros(()), quiet.new_full((), _FARTHEST)
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
