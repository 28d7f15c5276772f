"""Encoder + head: histories and landmarks -> waits."""

from __future__ import annotations

from torch import nn

from seqchurn.datasets.batch import EventBatch
from seqchurn.datasets.landmarks import Landmarks
from seqchurn.encoders import Encoder
from seqchurn.waits.wait import Wait

__all__ = ["WaitModel"]


class WaitModel(nn.Module):
    """The network: the wait that is running at each landmark.

    Args:
        encoder: Histories to context vectors.
        head: Context vectors to waits.
    """

    def __init__(self, encoder: Encoder, head: nn.Module) -> None:
        super().__init__()
        self.encoder = encoder
        self.head = head

    def forward(self, events: EventBatch, landmarks: Landmarks) -> Wait:
        """Waits of batch shape (B, L), counted from `landmarks.wait_start`."""
        wait: Wait = self.head(self.encoder(events, landmarks))
        return wait
