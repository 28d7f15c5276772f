"""Padded events -> one vector an event: what happened, how long after what, and when.

Nothing here is a feature by hand: types, attributes and time go in as the log has them.

Shapes: B customers, T events, E width of an event vector.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from seqchurn.datasets.batch import EventBatch
from seqchurn.datasets.facts import DataFacts
from seqchurn.encoders.calendar import DAY_WAVES, WEEK_WAVES, day_waves, week_waves
from seqchurn.encoders.state import EncoderState

__all__ = ["EventInputs", "StaticInputs"]

_MOST_COUNTED = 16
"""More event types than these are told apart by their embeddings alone."""


class EventInputs(nn.Module):
    """Maps events to vectors.

    Args:
        facts: Sizes and time scales of the data.
        embedding_size: Width of the embedding of the type and of each category.
    """

    def __init__(self, facts: DataFacts, *, embedding_size: int) -> None:
        super().__init__()
        self.shortest_days = facts.shortest_days
        self.counted = facts.event_types if facts.event_types <= _MOST_COUNTED else 0
        self.event_type = nn.Embedding(facts.event_types, embedding_size, padding_idx=0)
        self.categories = nn.ModuleList(
            nn.Embedding(codes, embedding_size) for codes in facts.categories
        )
        embeddings = embedding_size * (1 + len(facts.categories))
        self.size = self.counted + embeddings + 3 + DAY_WAVES + WEEK_WAVES + facts.numbers

    def forward(self, events: EventBatch) -> Tensor:
        """Event vectors, shape (B, T, E); first the `counted` types, 1 for that of the event."""
        which = torch.arange(self.counted, device=events.event_type.device)
        counted = (events.event_type.unsqueeze(-1) == which).float()  # (B, T, counted)
        elapsed = torch.stack(
            [
                torch.log1p(events.gap_days / self.shortest_days),
                torch.log1p(events.quiet_days / self.shortest_days),
                torch.log1p(events.multiplicity),
            ],
            dim=-1,
        )  # (B, T, 3)
        embedded = [self.event_type(events.event_type)]  # (B, T, embedding)
        embedded += [e(events.categories[..., i]) for i, e in enumerate(self.categories)]
        calendar = [day_waves(events.time), week_waves(events.time)]
        return torch.cat([counted, *embedded, elapsed, *calendar, events.numbers], dim=-1)


class StaticInputs(nn.Module):
    """Maps the attributes of customers to vectors; before they were known, they are missing.

    A customer whose attributes come later looks like one who has none: to tell them apart would be
    to look ahead.

    Args:
        facts: Sizes of the data.
        embedding_size: Width of the embedding of each category.
    """

    def __init__(self, facts: DataFacts, *, embedding_size: int) -> None:
        super().__init__()
        self.categories = nn.ModuleList(
            nn.Embedding(codes, embedding_size) for codes in facts.static_categories
        )
        self.size = facts.static_numbers + embedding_size * len(facts.static_categories)

    def forward(self, customers: EventBatch | EncoderState, day: Tensor) -> Tensor:
        """Vectors of shape (B, L, size), of what was known before `day` (B, L)."""
        numbers, codes = customers.static_numbers, customers.static_categories
        values, flags = torch.zeros_like(numbers).chunk(2, dim=-1)
        missing = self._vector(torch.cat([values, flags + 1.0], dim=-1), torch.zeros_like(codes))
        known = day > customers.known_from.unsqueeze(1)  # (B, L)
        there = self._vector(numbers, codes).unsqueeze(1)  # (B, 1, size)
        return torch.where(known.unsqueeze(-1), there, missing.unsqueeze(1))  # (B, L, size)

    def _vector(self, numbers: Tensor, codes: Tensor) -> Tensor:
        embedded = [e(codes[:, i]) for i, e in enumerate(self.categories)]
        return torch.cat([numbers, *embedded], dim=-1)  # (B, size)
