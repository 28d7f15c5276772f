"""Section `training`: how the model is fitted."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, PositiveFloat, PositiveInt

from seqchurn.config.section import Section
from seqchurn.config.units import Instant

__all__ = ["TrainingConfig"]


class TrainingConfig(Section):
    """How the model is fitted."""

    cutoff: Instant | None = None
    """First instant the model may not see; default: the end of the log."""
    seed: int = Field(default=0, ge=0, le=1_000_000)
    """Seed of every random draw."""
    networks: PositiveInt = 3
    """Networks fitted, each from a seed of its own; their probabilities are averaged."""
    at_once: PositiveInt | None = None
    """Networks fitted at the same time, each in a process that holds the data; default: where a fit
    takes long, one for every `threads` cores; else one."""
    max_epochs: PositiveInt = 25
    """Passes over the customers, at most."""
    patience: PositiveInt = 25
    """Epochs without a better validation loss before training stops early and keeps the best."""
    learning_rate: PositiveFloat = 2e-3
    """Step size of AdamW at its highest."""
    weight_decay: float = Field(default=1e-2, ge=0.0)
    """Weight decay of AdamW."""
    gradient_clip: PositiveFloat = 1.0
    """Largest norm of the gradient."""
    accelerator: Literal["auto", "cpu", "gpu", "cuda", "mps", "tpu"] = "auto"
    """Lightning accelerator; auto takes what the machine has."""
