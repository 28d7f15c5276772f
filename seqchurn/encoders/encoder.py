"""The contract of an encoder: padded histories and landmarks -> context vectors."""

from __future__ import annotations

from abc import ABC, abstractmethod

from torch import Tensor, nn

from seqchurn.datasets.batch import EventBatch
from seqchurn.datasets.landmarks import Landmarks

__all__ = ["Encoder"]


class Encoder(nn.Module, ABC):
    """Maps histories to context vectors; an event after a landmark never reaches its context."""

    size: int
    """Width C of the context."""

    @abstractmethod
    def forward(self, events: EventBatch, landmarks: Landmarks) -> Tensor:
        """Context vectors at the landmarks, shape (B, L, C)."""
