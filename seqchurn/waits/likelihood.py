"""Waits and what became of them -> the loss: the likelihood of interval-censored waits.

On a grid of step r, with the last order on o and a landmark c, everything before c is seen and an
order on c is still possible, so the survived part of the wait is e = c - o - r.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from seqchurn.waits.wait import Wait

__all__ = ["landmark_log_likelihood", "landmark_losses", "landmark_nll"]


def landmark_log_likelihood(
    wait: Wait, days: Tensor, survived_days: Tensor, observed: Tensor, *, step_days: float
) -> Tensor:
    """Log likelihood of each wait that a landmark asks for, on a grid of time.

    An order after `days` adds log[S(days - step) - S(days)] - log S(survived); a wait still
    open adds log S(days - step) - log S(survived).

    Args:
        wait: Predicted waits, batch shape (B, L).
        days: From the last order to the next, or to the end of the data, shape (B, L), >= step.
        survived_days: Quiet part already seen at the landmark, shape (B, L), in [0, days - step].
        observed: True if the order came, False if censored, shape (B, L).
        step_days: Resolution of the log, in days.

    Returns:
        Log likelihood in nats, shape (B, L).
    """
    end = torch.where(observed, days, math.inf)  # (B, L) what is open is over some day, or never
    return wait.log_interval(days - step_days, end) - wait.log_survival(survived_days)


def landmark_losses(
    wait: Wait,
    days: Tensor,
    survived_days: Tensor,
    observed: Tensor,
    real: Tensor,
    *,
    step_days: float,
) -> Tensor:
    """Negative log likelihood of each wait that a landmark asks for; see `landmark_nll`.

    Returns:
        In nats, shape (B, L); 0 on padding.
    """
    days = torch.where(real, days, step_days)  # padding stays inside the support: no NaN gradient
    survived_days = torch.where(real, survived_days, 0.0)
    log_likelihood = landmark_log_likelihood(
        wait, days, survived_days, observed, step_days=step_days
    )
    return torch.where(real, -log_likelihood, 0.0)


def landmark_nll(
    wait: Wait,
    days: Tensor,
    survived_days: Tensor,
    observed: Tensor,
    real: Tensor,
    *,
    step_days: float,
) -> Tensor:
    """Mean negative log likelihood of the waits that landmarks ask for.

    Args:
        wait: Predicted waits, batch shape (B, L).
        days: From the last order to the next, or to the end of the data, shape (B, L), >= step
            where `real`.
        survived_days: Quiet part already seen at the landmark, shape (B, L).
        observed: True if the order came, False if censored, shape (B, L).
        real: False on padding, shape (B, L); at least one True.
        step_days: Resolution of the log, in days.

    Returns:
        Scalar, in nats per real landmark.
    """
    losses = landmark_losses(wait, days, survived_days, observed, real, step_days=step_days)
    return losses.sum() / real.sum()
