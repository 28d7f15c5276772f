"""Section `interventions`: what the shop does about churn, and whom it leaves alone."""

from __future__ import annotations

from seqchurn.config.section import Section

__all__ = ["InterventionsConfig"]


class InterventionsConfig(Section):
    """What the shop does about churn, and whom it leaves alone.

    Customers of the holdout are cohort `holdout` of evaluate and backtest, pass gates of their own
    and are monitored beside all customers.
    """

    treatment: str | None = None
    """Event type of an action upon a customer, such as a coupon sent."""
    holdout: str | None = None
    """Event type that puts a customer into the untreated holdout, from then on and for good."""
