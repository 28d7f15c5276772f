"""Padded histories and landmarks -> context vectors, by a recurrent network.

The context at a landmark joins the recurrent state after the last event before it, decaying
memories of the events before it, the last event itself (a skip path), the time passed since, the
calendar of the landmark, and what is known of the customer. Later events never reach it. A state
carries all that on from event to event.

Shapes: B customers, T events, L landmarks, C width of the context.
"""

from __future__ import annotations

from dataclasses import replace
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
from seqchurn.encoders.state import EncoderState

__all__ = ["GruEncoder", "LstmEncoder", "RecurrentEncoder"]

_CHANNELS = 4
_HOLD = 1e3
"""Far beyond what a gate is told otherwise."""


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
            counted=self.inputs.counted,
            shortest_days=facts.shortest_days,
            longest_days=facts.longest_days,
        )
        skip = self.inputs.size + 4 + DAY_WAVES + WEEK_WAVES
        self.size = hidden_size + self.memories.size + skip + self.static.size
        self.norm = nn.LayerNorm(self.size)
        self.dropout = nn.Dropout(dropout)

    def forward(self, events: EventBatch, landmarks: Landmarks) -> Tensor:
        """Context vectors at the landmarks, shape (B, L, C)."""
        vectors = self.inputs(events)  # (B, T, E)
        states, _ = self.recurrent(vectors)  # (B, T, hidden)
        order = torch.arange(vectors.shape[1], device=vectors.device)
        seen = order <= landmarks.position.unsqueeze(-1)  # (B, L, T)
        last = events.time.gather(1, landmarks.position)  # (B, L)
        first = events.time[:, :1].expand_as(landmarks.day)
        history = [
            _take(states, landmarks.position),
            self.memories(vectors, events.time, seen, landmarks.day),
            _take(vectors, landmarks.position),
        ]
        since = torch.stack([last, landmarks.wait_start, first], dim=-1)  # (B, L, 3)
        return self._context(history, since, landmarks.day, self.static(events, landmarks.day))

    def state(self, events: EventBatch) -> EncoderState:
        """What is carried of B histories after the last event of each."""
        vectors = self.inputs(events)  # (B, T, E)
        last = events.real.sum(dim=1, keepdim=True) - 1  # (B, 1)
        return EncoderState(
            hidden=self._hidden(vectors, last),
            memory=self.memories.after(vectors, events.time, events.real),
            vector=_take(vectors, last)[:, 0],
            last_time=events.time.gather(1, last)[:, 0],
            first_time=events.time[:, 0],
            static_numbers=events.static_numbers,
            static_categories=events.static_categories,
            known_from=events.known_from,
        )

    def step(self, state: EncoderState, event: EventBatch) -> EncoderState:
        """The states after one more event (B, 1) of each customer."""
        vector, time = self.inputs(event)[:, 0], event.time[:, 0]  # (B, E), (B,)
        before = tuple(h.unsqueeze(0) for h in state.hidden)  # each (1, B, hidden)
        lstm = len(before) == 2
        _, after = self.recurrent(vector.unsqueeze(1), before if lstm else before[0])
        return replace(
            state,
            hidden=tuple(h[0] for h in (after if lstm else (after,))),
            memory=self.memories.add(state.memory, time - state.last_time, vector),
            vector=vector,
            last_time=time,
        )

    def read(self, state: EncoderState, day: Tensor, wait_start: Tensor) -> Tensor:
        """Context vectors at a day of each customer, shape (B, C)."""
        remembered = self.memories.read(state.memory, day - state.last_time)  # (B, K * D)
        history = [h.unsqueeze(1) for h in (state.hidden[0], remembered, state.vector)]
        since = torch.stack([state.last_time, wait_start, state.first_time], dim=-1)  # (B, 3)
        days = day.unsqueeze(1)  # (B, 1)
        return self._context(history, since.unsqueeze(1), days, self.static(state, days))[:, 0]

    def _hidden(self, vectors: Tensor, last: Tensor) -> tuple[Tensor, ...]:
        """Recurrent state after the last event of each history, at `last` (B, 1), each (B, hidden).

        What a network carries beside its outputs is the business of its encoder.
        """
        outputs, _ = self.recurrent(vectors)
        return (_take(outputs, last)[:, 0],)

    def _context(self, history: list[Tensor], since: Tensor, day: Tensor, static: Tensor) -> Tensor:
        """What was seen joined with when it is read, shape (B, L, C).

        Args:
            history: Recurrent state, memories and last event, each (B, L, ...).
            since: Days of the last event, the start of the wait and the first event, (B, L, 3).
            day: Days of the landmarks, shape (B, L).
            static: What is known of the customers, (B, L, ...).
        """
        passed = (day.unsqueeze(-1) - since).clamp(min=0.0)
        elapsed = torch.log1p(passed / self.shortest_days).float()
        calendar = [day_waves(day), week_waves(day)]
        context = [*history, elapsed, self._trend(day), *calendar, static]
        dropped: Tensor = self.dropout(self.norm(torch.cat(context, dim=-1)))
        return dropped

    def _trend(self, day: Tensor) -> Tensor:
        """Share of the training span that a landmark lies before its end, <= 0, (B, L, 1).

        Levels shift; this lets the model fit the latest one without losing what stays. It is zero
        at the end of learning and later, so that nothing is extrapolated.
        """
        before = (day - self.end_day) / self.longest_days
        return before.clamp(max=0.0).float().unsqueeze(-1)


class GruEncoder(RecurrentEncoder):
    """Gated recurrent unit (Cho et al. 2014)."""

    network = nn.GRU


class LstmEncoder(RecurrentEncoder):
    """Long short-term memory (Hochreiter and Schmidhuber 1997)."""

    network = nn.LSTM

    def _hidden(self, vectors: Tensor, last: Tensor) -> tuple[Tensor, ...]:
        """Outputs and cells after the last events.

        A cell is known only where reading ends. One more input, which is set after the last event,
        holds it until then: it opens the forget gate and closes the input gate, to the last bit.
        """
        lstm, (count, length, _) = self.recurrent, vectors.shape
        gates = vectors.new_tensor([-_HOLD, _HOLD, 0.0, 0.0])  # input, forget, cell, output
        hold = gates.repeat_interleave(lstm.hidden_size).unsqueeze(1)  # (4 * hidden, 1)
        is_after = torch.arange(length, device=vectors.device) > last  # (B, T)
        start = vectors.new_zeros(1, count, lstm.hidden_size)
        weights, *others = lstm.parameters()
        outputs, _, cell = torch.lstm(
            torch.cat([vectors, is_after.unsqueeze(-1)], dim=-1),
            [start, start],
            [torch.cat([weights, hold], dim=1), *others],
            has_biases=True,
            num_layers=1,
            dropout=0.0,
            train=False,
            bidirectional=False,
            batch_first=True,
        )
        return _take(outputs, last)[:, 0], cell[0]


def _take(vectors: Tensor, position: Tensor) -> Tensor:
    """Vectors (B, T, E) at positions (B, L), shape (B, L, E)."""
    index = position.unsqueeze(-1).expand(-1, -1, vectors.shape[-1])
    return vectors.gather(1, index)
