"""Section `training`: how the model is fitted."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt, model_validator

from seqchurn.config.section import Section
from seqchurn.config.units import Duration, Instant

__all__ = ["TrainingConfig"]


class TrainingConfig(Section):
    """How the model is fitted."""

    cutoff: Instant | None = None
    """First instant the model may not see; default: the end of the log, less `held_back`."""
    held_back: Duration | None = None
    """Without a cutoff, time at the end of the log that the model does not see: promote compares
    models on it, and needs the longest of gates.horizons."""
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
    devices: NonNegativeInt = 1
    """Processes that fit one network together, each on a device of the accelerator, or on `threads`
    cores; 0: as many as there are devices, or one."""

    @model_validator(mode="after")
    def _check_processes(self) -> Self:
        if self.devices != 1 and self.at_once not in (None, 1):
            raise ValueError(
                f"devices is {self.devices} and at_once {self.at_once}: networks are fitted one "
                "after another where several devices share one. Leave at_once out."
            )
        return self
