"""Event vectors -> memories of past events that fade with time, at rates that are learned.

    memory_k(c) = sum over events before c of exp(-(c - time) / tau_k) * what(event)

This is a diagonal linear state-space layer in continuous time: read at a landmark it is a sum over
the events before it, and it can be carried on with one multiplication an event.

Shapes: B customers, T events, E width of an event vector, L landmarks, K memories, D channels.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

__all__ = ["DecayMemories"]

_FADED_DAYS = 1e12  # an event so long ago has left nothing


class DecayMemories(nn.Module):
    """A bank of decaying memories.

    Args:
        event_size: Width E of event vectors.
        memories: Number K of time constants, spread from short to long at the start.
        channels: Number of things remembered of each event, learned.
        counted: Leading columns of event vectors that are remembered as they are, >= 0: with one
            column an event type, decayed counts. D is the sum of both.
        shortest_days: First time constant.
        longest_days: Last time constant.
    """

    def __init__(
        self,
        event_size: int,
        *,
        memories: int,
        channels: int,
        counted: int,
        shortest_days: float,
        longest_days: float,
    ) -> None:
        super().__init__()
        spread = torch.linspace(math.log(shortest_days), math.log(longest_days), memories)
        self.log_tau = nn.Parameter(spread)
        self.what = nn.Linear(event_size, channels)
        self.counted = counted
        self.channels = channels + counted
        self.size = memories * self.channels

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
        age = age.masked_fill(~seen, _FADED_DAYS).unsqueeze(2)  # (B, L, 1, T)
        faded = torch.exp2(-age * self._halvings_a_day().unsqueeze(1))  # (B, L, K, T)
        what = self._remembered(self.what(vectors), vectors)  # (B, T, D)
        memory = torch.bmm(faded.flatten(1, 2), what)  # (B, L * K, D)
        return torch.log1p(memory).view(*day.shape, self.size)  # (B, L, K * D)

    def after(self, vectors: Tensor, time: Tensor, real: Tensor) -> Tensor:
        """Memories as they stand at the last event of each history, shape (B, K, D).

        Args:
            vectors: Event vectors, shape (B, T, E).
            time: Days of the events, ascending, shape (B, T), float64.
            real: False on padding at the end, shape (B, T).
        """
        last = time.masked_fill(~real, -math.inf).amax(dim=1, keepdim=True)  # (B, 1)
        age = (last - time).float().clamp(min=0.0)  # (B, T)
        faded = self._share_left(age) * real.unsqueeze(-1)  # (B, T, K)
        return torch.einsum("btk,btd->bkd", faded, self._what(vectors))

    def add(self, memory: Tensor, passed_days: Tensor, vector: Tensor) -> Tensor:
        """Memories as they stand at one more event.

        Args:
            memory: As they stood at the event before, shape (B, K, D).
            passed_days: Since then, shape (B,).
            vector: The event, shape (B, E).
        """
        return self._faded(memory, passed_days) + self._what(vector).unsqueeze(1)

    def read(self, memory: Tensor, passed_days: Tensor) -> Tensor:
        """log(1 + memory) some days, shape (B,), after the last event, shape (B, K * D), >= 0."""
        return torch.log1p(self._faded(memory, passed_days)).flatten(start_dim=1)

    def _what(self, vectors: Tensor) -> Tensor:
        """What is remembered of events, (..., D), the same whatever stands beside an event.

        Not by matrix product: one this narrow rounds a row by where in the batch it lies.
        """
        products = [(vectors * weight).sum(dim=-1) for weight in self.what.weight]
        learned = torch.stack(products, dim=-1) + self.what.bias  # (..., channels)
        return self._remembered(learned, vectors)

    def _remembered(self, learned: Tensor, vectors: Tensor) -> Tensor:
        return torch.cat([F.softplus(learned), vectors[..., : self.counted]], dim=-1)

    def _faded(self, memory: Tensor, passed_days: Tensor) -> Tensor:
        left = self._share_left(passed_days.float().clamp(min=0.0))  # (B, K)
        return memory * left.unsqueeze(-1)

    def _share_left(self, age_days: Tensor) -> Tensor:
        """Share that each memory keeps of an event of some age, shape (..., K)."""
        return torch.exp2(-age_days.unsqueeze(-1) * self._halvings_a_day())

    def _halvings_a_day(self) -> Tensor:
        """How often each memory halves in a day, shape (K,).

        Powers of two, since `torch.exp` takes tens of times as long where the result vanishes,
        as it does for most old events in short memories.
        """
        return torch.exp(-self.log_tau) / math.log(2.0)
