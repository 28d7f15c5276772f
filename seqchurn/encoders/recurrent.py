"""Padded histories and landmarks -> context vectors, by a recurrent network.

The context at a landmark joins the recurrent state after the last event before it, decaying
memories of the events before it, the last event itself (a skip path), the time passed since, the
calendar of the landmark, and what is known of the customer. Later events never reach it.

Shapes: B customers, T events, L landmarks, C width of the context.
"""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn

from seqchurn.datasets.batch import EventBatch
from seqchurn.datasets.facts import DataFacts
from seqchurn.datasets.landmarks import Landmarks
from seqchurn.encoders.calendar import DAY_WAVES, WEEK_WAVES, day_waves, week_waves
from seqchurn.encoders.encoder import Encoder
from seqchurn.encoders.event_inputs import EventInputs, StaticInputs
from seqchurn.encoders.memories import DecayMemories

__all__ = ["GruEncoder", "LstmEncoder", "RecurrentEncoder"]

_CHANNELS = 4


class RecurrentEncoder(Encoder):
    """What GRU and LSTM encoders share.

    Args:
        facts: Sizes and time scales of the data.
        hidden_size: Width of the recurrent state.
        embedding_size: Width of the embeddings of types and categories.
        memories: Number of decaying memories; 0 for none.
        dropout: Share of context values dropped in training.
    """

    network: ClassVar[type[nn.GRU] | type[nn.LSTM]]

    def __init__(
        self,
        facts: DataFacts,
        *,
        hidden_size: int,
        embedding_size: int,
        memories: int,
        dropout: float,
    ) -> None:
        super().__init__()
        self.shortest_days, self.longest_days = facts.shortest_days, facts.longest_days
        self.end_day = facts.end_day
        self.inputs = EventInputs(facts, embedding_size=embedding_size)
        self.static = StaticInputs(facts, embedding_size=embedding_size)
        self.recurrent = self.network(self.inputs.size, hidden_size, batch_first=True)
        self.memories = DecayMemories(
            self.inputs.size,
            memories=memories,
            channels=_CHANNELS,
            shortest_days=facts.shortest_days,
            longest_days=facts.longest_days,
        )
        self.dropout = nn.Dropout(dropout)
        skip = self.inputs.size + 4 + DAY_WAVES + WEEK_WAVES
        self.size = hidden_size + self.memories.size + skip + self.static.size

    def forward(self, events: EventBatch, landmarks: Landmarks) -> Tensor:
        """Context vectors at the landmarks, shape (B, L, C)."""
        vectors = self.inputs(events)  # (B, T, E)
        states, _ = self.recurrent(vectors)  # (B, T, hidden)
        order = torch.arange(vectors.shape[1], device=vectors.device)
        seen = order <= landmarks.position.unsqueeze(-1)  # (B, L, T)
        context = [
            _take(states, landmarks.position),
            self.memories(vectors, events.time, seen, landmarks.day),
            _take(vectors, landmarks.position),
            self._elapsed(events, landmarks),
            self._trend(landmarks.day),
            day_waves(landmarks.day),
            week_waves(landmarks.day),
            self.static(events, landmarks.day),
        ]
        dropped: Tensor = self.dropout(torch.cat(context, dim=-1))
        return dropped

    def _elapsed(self, events: EventBatch, landmarks: Landmarks) -> Tensor:
        """Log time since the last event, the start of the wait and the first event, (B, L, 3)."""
        since = torch.stack(
            [
                events.time.gather(1, landmarks.position),
                landmarks.wait_start,
                events.time[:, :1].expand_as(landmarks.day),
            ],
            dim=-1,
        )
        passed = (landmarks.day.unsqueeze(-1) - since).clamp(min=0.0)
        return torch.log1p(passed / self.shortest_days).float()

    def _trend(self, day: Tensor) -> Tensor:
        """Share of the training span that a landmark lies before its end, <= 0, (B, L, 1).

        Levels shift; this lets the model fit the latest one without losing what stays. It is zero
        at the training cutoff and later, so that nothing is extrapolated.
        """
        before = (day - self.end_day) / self.longest_days
        return before.clamp(max=0.0).float().unsqueeze(-1)


class GruEncoder(RecurrentEncoder):
    """Gated recurrent unit (Cho et al. 2014)."""

    network = nn.GRU


class LstmEncoder(RecurrentEncoder):
    """Long short-term memory (Hochreiter and Schmidhuber 1997)."""

    network = nn.LSTM


def _take(vectors: Tensor, position: Tensor) -> Tensor:
    """Vectors (B, T, E) at positions (B, L), shape (B, L, E)."""
    index = position.unsqueeze(-1).expand(-1, -1, vectors.shape[-1])
    return vectors.gather(1, index)
