"""What an encoder carries of histories, so that an event can be added without reading them again.

Shapes: B customers, E width of an event vector, K memories, D channels, S static attributes.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import torch
from torch import Tensor

__all__ = ["EncoderState"]


@dataclass(frozen=True)
class EncoderState:
    """The histories of B customers up to their last event, in bounded space."""

    hidden: tuple[Tensor, ...]  # each (B, hidden): h of a GRU; h and c of an LSTM
    memory: Tensor  # (B, K, D): memories as they stand at the last event
    vector: Tensor  # (B, E): the last event
    last_time: Tensor  # (B,) float64: days of the last event
    first_time: Tensor  # (B,) float64: days of the first event
    static_numbers: Tensor  # (B, 2S)
    static_categories: Tensor  # (B, S) int64 codes
    known_from: Tensor  # (B,) float64: static attributes are hidden before it

    @classmethod
    def joined(cls, states: list[EncoderState]) -> EncoderState:
        """The states of one group of customers after another; of no group, without any content."""
        tensors = {
            f.name: _cat([getattr(s, f.name) for s in states])
            for f in fields(cls)
            if f.name != "hidden"
        }
        hidden = zip(*(s.hidden for s in states), strict=True)
        return cls(hidden=tuple(_cat(list(h)) for h in hidden), **tensors)

    def take(self, rows: Tensor) -> EncoderState:
        """The states of some customers, repeats allowed."""
        tensors = {f.name: getattr(self, f.name)[rows] for f in fields(self) if f.name != "hidden"}
        return EncoderState(hidden=tuple(h[rows] for h in self.hidden), **tensors)


def _cat(tensors: list[Tensor]) -> Tensor:
    return torch.cat(tensors) if tensors else torch.empty(0)
