"""What a model must know of the training data to be built: sizes and time scales."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from seqchurn.datasets.codebook import Codebook, code_count
from seqchurn.datasets.jagged import Jagged

__all__ = ["DataFacts", "data_facts"]


@dataclass(frozen=True)
class DataFacts:
    """Sizes of the inputs and time scales of the waits."""

    event_types: int
    """Codes of event types."""
    numbers: int
    """Width of the numeric event attributes, missing flags included."""
    categories: tuple[int, ...]
    """Codes of each categorical event attribute."""
    static_numbers: int
    """Width of the numeric static attributes, missing flags included."""
    static_categories: tuple[int, ...]
    """Codes of each categorical static attribute."""
    shortest_days: float
    """A short wait: the 5 % quantile of waits that ended, each counted once an event inside it."""
    longest_days: float
    """Span of the events that are kept, in days."""
    end_day: float
    """Grid day at which learning ends."""
    step_days: float
    """Resolution of the grid, in days."""

    @property
    def steps(self) -> float:
        """Span of the events that are kept, in steps of the grid."""
        return self.longest_days / self.step_days


def data_facts(
    jagged: Jagged, codebook: Codebook, *, end_day: float, step_days: float
) -> DataFacts:
    """Facts of the histories before the cutoff.

    Args:
        jagged: The histories.
        codebook: Codes and scales.
        end_day: Grid day at which learning ends.
        step_days: Resolution of the grid, in days.
    """
    waits = (jagged.next_target - jagged.wait_start)[jagged.next_target < end_day]
    waits = waits[waits > 0]
    shortest = float(torch.quantile(waits[:1_000_000], 0.05)) if len(waits) else step_days
    span = end_day - float(jagged.grid.min())
    return DataFacts(
        event_types=code_count(codebook.event_types),
        numbers=jagged.numbers.shape[1],
        categories=tuple(code_count(v) for v in codebook.categories.values()),
        static_numbers=jagged.static_numbers.shape[1],
        static_categories=tuple(code_count(v) for v in codebook.static_categories.values()),
        shortest_days=max(shortest, step_days),
        longest_days=max(span, 2.0 * step_days),
        end_day=end_day,
        step_days=step_days,
    )
