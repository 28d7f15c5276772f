"""Event vectors -> memories of past events that fade with time, at rates that are learned.

    memory_k(c) = sum over events before c of exp(-(c - time) / tau_k) * what(event)

This is a diagonal linear state-space layer in continuous time: read at a landmark it is a sum over
the events before it, and a live scorer can carry it on with one multiplication an event.

Shapes: B customers, T events, E width of an event vector, L landmarks, K memories, D channels.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

__all__ = ["DecayMemories"]


class DecayMemories(nn.Module):
    """A bank of decaying memories.

    Args:
        event_size: Width E of event vectors.
        memories: Number K of time constants, spread from short to long at the start.
        channels: Number D of things remembered of each event.
        shortest_days: First time constant.
        longest_days: Last time constant.
    """

    def __init__(
        self,
        event_size: int,
        *,
        memories: int,
        channels: int,
        shortest_days: float,
        longest_days: float,
    ) -> None:
        super().__init__()
        spread = torch.linspace(math.log(shortest_days), math.log(longest_days), memories)
        self.log_tau = nn.Parameter(spread)
        self.what = nn.Linear(event_size, channels)
        self.size = memories * channels

    def forward(self, vectors: Tensor, time: Tensor, seen: Tensor, day: Tensor) -> Tensor:
        """Memories at the landmarks.

        Args:
            vectors: Event vectors, shape (B, T, E).
            time: Days of the events, shape (B, T), float64.
            seen: True where an event lies before a landmark, shape (B, L, T).
            day: Days of the landmarks, shape (B, L), float64.

        Returns:
            log(1 + memory), shape (B, L, K * D), >= 0.
        """
        age = (day.unsqueeze(2) - time.unsqueeze(1)).float().clamp(min=0.0)  # (B, L, T)
        rate = torch.exp(-self.log_tau)  # (K,)
        faded = torch.exp(-age.unsqueeze(-1) * rate) * seen.unsqueeze(-1)  # (B, L, T, K)
        what = F.softplus(self.what(vectors))  # (B, T, D)
        memory = torch.einsum("bltk,btd->blkd", faded, what)
        return torch.log1p(memory).flatten(start_dim=2)
