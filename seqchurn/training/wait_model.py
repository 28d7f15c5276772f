"""Encoder, head and activity: histories and landmarks -> waits."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from seqchurn.datasets.batch import EventBatch
from seqchurn.datasets.landmarks import Landmarks
from seqchurn.encoders import Encoder
from seqchurn.heads.activity import Activity
from seqchurn.waits.calendar_wait import CalendarWait
from seqchurn.waits.scaled_hazard import ScaledHazard
from seqchurn.waits.wait import Wait

__all__ = ["WaitModel"]


class WaitModel(nn.Module):
    """The network: the wait that is running at each landmark.

    Args:
        encoder: Histories to context vectors.
        head: Context vectors to waits in active days.
        activity: How active days pass.
        step_days: Resolution of the log, in days.
    """

    def __init__(
        self, encoder: Encoder, head: nn.Module, activity: Activity, *, step_days: float
    ) -> None:
        super().__init__()
        self.encoder = encoder
        self.head = head
        self.activity = activity
        self.step_days = step_days
        self.register_buffer("hazard_scale", torch.ones((), dtype=torch.float64))

    hazard_scale: Tensor
    """What recalibration multiplies the hazard by; one without it."""

    def forward(self, events: EventBatch, landmarks: Landmarks) -> Wait:
        """Waits of batch shape (B, L), counted from `landmarks.wait_start`."""
        return self.waits(self.encoder(events, landmarks), landmarks.wait_start)

    def waits(self, context: Tensor, wait_start: Tensor) -> Wait:
        """Waits of the batch shape of `wait_start`, grid days, for context (..., C).

        A wait that has lasted t has left the step of its start behind and t days after it.
        """
        wait = CalendarWait(self.head(context), wait_start + self.step_days, self.activity())
        return wait if self.hazard_scale == 1.0 else ScaledHazard(wait, self.hazard_scale)
