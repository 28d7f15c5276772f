"""Fitted networks with all that they need to read sequences: what training gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from seqchurn.datasets.codebook import Codebook
from seqchurn.datasets.facts import DataFacts
from seqchurn.encoders import make_encoder
from seqchurn.heads import make_head
from seqchurn.heads.activity import Activity
from seqchurn.training.wait_model import WaitModel
from seqchurn.waits.clock import Clock

__all__ = ["FittedModel", "make_model"]

_SHORTEST, _LONGEST = 0.7, 7.0
"""Scales of waits start between this share of a short wait and this many spans of the log."""


@dataclass(frozen=True)
class FittedModel:
    """Networks that differ in their seeds alone, and the meaning of their inputs."""

    networks: tuple[WaitModel, ...]
    """Their probabilities, given the quiet time, are averaged."""
    codebook: Codebook
    facts: DataFacts
    clock: Clock
    target: str
    """Event type that is an order."""
    max_events: int
    """Newest events read per customer."""


def make_model(
    facts: DataFacts, *, encoder: dict[str, Any], head: dict[str, Any], activity: dict[str, Any]
) -> WaitModel:
    """A network with fresh weights.

    Args:
        facts: Sizes and time scales of the data.
        encoder: `kind` and the other fields of the encoder's config.
        head: `kind` and the other fields of the head's config.
        activity: The fields of the config of activity.
    """
    encode = make_encoder(facts=facts, **encoder)
    head_module = make_head(
        context_size=encode.size,
        shortest_days=_SHORTEST * facts.shortest_days,
        longest_days=_LONGEST * facts.longest_days,
        **head,
    )
    return WaitModel(encode, head_module, Activity(facts, **activity), step_days=facts.step_days)
