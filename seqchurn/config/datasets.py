"""Section `datasets`: how sequences become batches."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, PositiveInt

from seqchurn.config.section import Section

__all__ = ["DatasetsConfig"]


class DatasetsConfig(Section):
    """How sequences become batches."""

    validation_fraction: float = Field(default=0.15, gt=0.0, lt=1.0)
    """Share of customers kept aside to choose the epoch."""
    validation_customers: PositiveInt = 1_000
    """Customers kept aside at most: these tell the epochs apart, the rest had better train."""
    validation_span: float = Field(default=0.15, gt=0.0, lt=1.0)
    """Last share of what is learned from, in which these are asked; before it they teach, too."""
    recalibration_span: float = Field(default=0.0, ge=0.0, le=0.5)
    """Last share of the log kept from training, to recalibrate by; 0: nothing is recalibrated."""
    landmarks: PositiveInt = 16
    """Days drawn per customer and epoch at which the model is asked for the next order."""
    landmark_density: Literal["linear", "uniform"] = "linear"
    """linear: landmarks grow denser towards the cutoff; uniform: equally dense."""
    batch_slots: PositiveInt = 2_048
    """Events in a batch, padding included; or landmarks, where these are more."""
    max_events: PositiveInt = 1_000
    """Newest events read per customer."""
    max_categories: PositiveInt = 100
    """Commonest values of a categorical attribute that get a code of their own."""
