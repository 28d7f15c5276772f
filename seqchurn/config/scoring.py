"""Section `scoring`: what the score table says."""

from __future__ import annotations

from pydantic import PositiveInt

from seqchurn.config.section import Section
from seqchurn.config.units import Duration

__all__ = ["ScoringConfig"]


class ScoringConfig(Section):
    """What the score table says."""

    churn_horizon: Duration = "90d"
    """A customer without an order for this long counts as churned: p_churn = 1 - P(order)."""
    interval: Duration = "1d"
    """Time between two scorings; scores are valid that long."""
    reach: Duration = "730d"
    """Next-order dates farther away than this are left empty."""
    at_once: PositiveInt | None = None
    """Processes that score, each some buckets; default: where there are many customers, one for
    every `threads` cores; else one."""
    shadow: str | None = None
    """Version or alias of the model, such as challenger, that scores beside the champion: a table
    apart in `shadow`, and how far the two differ."""
    count_paths: PositiveInt = 6
    """Next orders drawn of a customer who orders for certain, to tell expected_orders from what
    follows each; fewer for others."""
