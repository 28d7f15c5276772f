"""The contract of an encoder: histories -> context vectors, all at once or event by event.

Training reads whole histories at many landmarks (`forward`). Who follows customers through time
carries a state instead: `state` reads the histories once, `step` adds an event to each, `read`
gives the context at a day. Both ways give the same context.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

from torch import Tensor, nn

from seqchurn.datasets.batch import EventBatch
from seqchurn.datasets.landmarks import Landmarks
from seqchurn.encoders.state import EncoderState

__all__ = ["Encoder"]


class Encoder(nn.Module, ABC):
    """Maps histories to context vectors; an event after a landmark never reaches its context."""

    size: int
    """Width C of the context."""

    @abstractmethod
    def forward(self, events: EventBatch, landmarks: Landmarks) -> Tensor:
        """Context vectors at the landmarks, shape (B, L, C)."""

    @abstractmethod
    def state(self, events: EventBatch) -> EncoderState:
        """What is carried of B histories after the last event of each."""

    @abstractmethod
    def step(self, state: EncoderState, event: EventBatch) -> EncoderState:
        """The states after one more event of each customer.

        Args:
            state: Of B customers.
            event: One event of each, shape (B, 1), no earlier than those before it; its static
                attributes are not looked at.
        """

    @abstractmethod
    def read(self, state: EncoderState, day: Tensor, wait_start: Tensor) -> Tensor:
        """Context vectors at a day of each customer, shape (B, C).

        Args:
            state: Of B customers.
            day: Grid days after the last event, shape (B,), float64.
            wait_start: Grid days on which the running waits started, shape (B,), float64.
        """
