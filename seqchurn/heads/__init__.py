"""Context vectors -> waits: the last layer of the model, one file a distribution.

A head is a module whose `forward` takes context of shape (B, L, C) and returns a `Wait` of batch
shape (B, L). To add one: a file here, a row in `HEADS`, a config class in `config/head.py`.
"""

from __future__ import annotations

from typing import Any

from torch import nn

from seqchurn.heads.hazard_grid import HazardGrid, HazardGridHead
from seqchurn.heads.loglogistic_mixture import LogLogisticMixture, LogLogisticMixtureHead
from seqchurn.heads.lognormal_mixture import LogNormalMixture, LogNormalMixtureHead
from seqchurn.heads.weibull import Weibull, WeibullHead

__all__ = [
    "HEADS",
    "HazardGrid",
    "HazardGridHead",
    "LogLogisticMixture",
    "LogLogisticMixtureHead",
    "LogNormalMixture",
    "LogNormalMixtureHead",
    "Weibull",
    "WeibullHead",
    "make_head",
]

HEADS: dict[str, type[nn.Module]] = {
    "loglogistic_mixture": LogLogisticMixtureHead,
    "weibull": WeibullHead,
    "lognormal_mixture": LogNormalMixtureHead,
    "hazard_grid": HazardGridHead,
}


def make_head(
    kind: str, *, context_size: int, shortest_days: float, longest_days: float, **options: Any
) -> nn.Module:
    """The head of a kind.

    Args:
        kind: A key of `HEADS`.
        context_size: Width C of the context.
        shortest_days: Shortest wait of interest.
        longest_days: Longest wait of interest.
        **options: The other fields of the head's config.
    """
    return HEADS[kind](
        context_size, shortest_days=shortest_days, longest_days=longest_days, **options
    )
