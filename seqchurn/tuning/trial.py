"""What came of one set of values."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

__all__ = ["State", "Trial"]


class State(StrEnum):
    """How a trial ended."""

    WHOLE = "whole"
    """It went through all cutoffs."""
    PRUNED = "pruned"
    """It was worse than the median at a cutoff, and went no further."""
    DIVERGED = "diverged"
    """A fit had a loss that is not finite."""
    CUT_OFF = "cut off"
    """The run ended before it did; its values are tried again."""


@dataclass(frozen=True)
class Trial:
    """What came of one set of values."""

    number: int
    """From 0 on; a trial that is tried again has another number."""
    values: dict[str, Any]
    """Of the settings, by name."""
    state: State
    losses: tuple[float, ...]
    """Mean loss over the first cutoff, the first two, and so on, in nats per customer; lower is
    better."""

    @property
    def ended(self) -> bool:
        """Whether its values need not be tried again."""
        return self.state is not State.CUT_OFF

    @property
    def loss(self) -> float | None:
        """Mean over all cutoffs; None if it did not go through them."""
        return self.losses[-1] if self.state is State.WHOLE else None
