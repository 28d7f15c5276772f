"""Histories -> training questions: days at which the model is asked for the next order.

A landmark is a day c on the grid. The model sees what happened before c and is asked for the wait
that was running then, given that it had already lasted until c. Landmarks lie between the second
step of a customer's history and the last step before the cutoff.

Shapes: B customers, L landmarks, T padded events.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Literal

import torch
from torch import Tensor

__all__ = ["Landmarks", "Questions", "ask", "draw_landmark_days"]


@dataclass(frozen=True)
class Landmarks:
    """Where in each history the model is asked; all tensors (B, L)."""

    day: Tensor  # float64, grid day: events before it are seen
    position: Tensor  # int64, index of the last event before the landmark
    wait_start: Tensor  # float64, grid day on which the running wait started
    real: Tensor  # bool, False on padding

    def to(self, device: torch.device | str) -> Landmarks:
        """The same landmarks on another device."""
        return Landmarks(**{f.name: getattr(self, f.name).to(device) for f in fields(self)})


@dataclass(frozen=True)
class Questions:
    """What became of the waits that were running at the landmarks; all tensors (B, L)."""

    days: Tensor  # float64, from the wait's start to the order or to the end of the data
    survived_days: Tensor  # float64, part of the wait already over at the landmark
    observed: Tensor  # bool, True if the order came, False if censored

    def to(self, device: torch.device | str) -> Questions:
        """The same questions on another device."""
        return Questions(**{f.name: getattr(self, f.name).to(device) for f in fields(self)})


def draw_landmark_days(
    first_day: Tensor,
    end_day: float,
    *,
    landmarks: int,
    step_days: float,
    density: Literal["linear", "uniform"],
    generator: torch.Generator,
) -> tuple[Tensor, Tensor]:
    """Draw grid days between the step after a customer's first event and the last before the end.

    Args:
        first_day: Grid day of each customer's first event, shape (B,).
        end_day: Grid day of the cutoff.
        landmarks: Days to draw per customer, L.
        step_days: Resolution of the grid, in days.
        density: uniform, or linear: rising from zero at the first day to the cutoff.
        generator: Source of randomness.

    Returns:
        Landmark days, shape (B, L), float64; and whether each is real, shape (B, L): a customer
        first seen in the last step before the cutoff has none.
    """
    choices = ((end_day - first_day) / step_days).round().long() - 1  # (B,) grid days to draw from
    share = torch.rand(len(first_day), landmarks, generator=generator, dtype=torch.float64)
    share = share.sqrt() if density == "linear" else share
    drawn = (share * choices.clamp(min=0).unsqueeze(1)).floor()  # (B, L)
    first = (first_day / step_days).round().unsqueeze(1)  # whole steps, as the clock counts them
    days = (first + drawn + 1.0) * step_days  # (B, L)
    return days, (choices > 0).unsqueeze(1).expand_as(days)


def place(
    days: Tensor, real: Tensor, *, grid: Tensor, wait_start: Tensor, step_days: float
) -> Landmarks:
    """Landmarks at given days, with the state of the wait read from the events before them.

    Args:
        days: Grid days, shape (B, L).
        real: Whether each is real, shape (B, L).
        grid: Grid days of events, ascending, inf on padding, shape (B, T).
        wait_start: Start of the wait running after each event, shape (B, T).
        step_days: Resolution of the grid, in days; half a step guards against rounding.
    """
    position = torch.searchsorted(grid, days - 0.5 * step_days) - 1  # (B, L)
    position = position.clamp(min=0)
    return Landmarks(days, position, wait_start.gather(1, position), real)


def ask(
    landmarks: Landmarks, *, next_target: Tensor, end_day: float, step_days: float
) -> Questions:
    """What became of the waits running at the landmarks, as known at the end of the data.

    Args:
        landmarks: Where to ask.
        next_target: Grid day of the first target after each event, inf if none, shape (B, T).
        end_day: Grid day at which the data ends: orders on it are not seen.
        step_days: Resolution of the grid, in days.
    """
    next_day = next_target.gather(1, landmarks.position)  # (B, L)
    observed = next_day < end_day - 0.5 * step_days
    until = torch.where(observed, next_day, end_day)
    steps = ((until - landmarks.wait_start) / step_days).round()  # (B, L), without rounding noise
    survived = ((landmarks.day - landmarks.wait_start) / step_days).round() - 1.0  # (B, L)
    return Questions(days=steps * step_days, survived_days=survived * step_days, observed=observed)
