"""Section `tune`: which settings are tried, and at which moments of the past they are judged."""

from __future__ import annotations

from typing import Any, Self

from pydantic import Field, PositiveInt, model_serializer, model_validator

from seqchurn.config.section import Section
from seqchurn.config.units import Duration

__all__ = ["Dimension", "TuneConfig"]

_CHOICES = {"words": "list of numbers or texts"}
_SPACE = {"words": "mapping of fields to ranges or lists"}


class Dimension(Section):
    """What a field may be: numbers from low to high, or choices; a list alone is its `choices`."""

    low: float | None = None
    """Lowest number."""
    high: float | None = None
    """Highest number, which may be drawn, too."""
    log: bool = False
    """Whether numbers are drawn evenly by their logarithm, as suits a step size."""
    choices: list[int | float | str] | None = Field(
        default=None, min_length=1, json_schema_extra={**_CHOICES}
    )
    """What to choose from, in place of a range."""

    @model_validator(mode="before")
    @classmethod
    def _list_alone(cls, value: Any) -> Any:
        return {"choices": value} if isinstance(value, list) else value

    @model_validator(mode="after")
    def _check_form(self) -> Self:
        ends = (self.low, self.high)
        if self.choices is not None and ends == (None, None) and not self.log:
            return self
        if self.choices is not None or self.low is None or self.high is None:
            raise ValueError(
                "it is neither a range nor a list; write {low: 0.001, high: 0.01} or [32, 64]"
            )
        if self.low >= self.high:
            raise ValueError(
                f"low is {self.low:g} and high {self.high:g}; write the lower number as low"
            )
        if self.log and self.low <= 0:
            raise ValueError(
                f"low is {self.low:g}, which has no logarithm; write a low above zero, or leave "
                "log out"
            )
        return self

    @model_serializer
    def _as_written(self) -> list[int | float | str] | dict[str, Any]:
        if self.choices is not None:
            return self.choices
        return {"low": self.low, "high": self.high, "log": self.log}


class TuneConfig(Section):
    """Which settings are tried, and at which moments of the past they are judged."""

    space: dict[str, Dimension] = Field(
        default={
            "training.learning_rate": Dimension(low=5e-4, high=1e-2, log=True),
            "encoder.hidden_size": Dimension(choices=[32, 64, 128]),
            "encoder.dropout": Dimension(low=0.0, high=0.3),
            "datasets.landmarks": Dimension(choices=[8, 16, 32]),
        },
        min_length=1,
        json_schema_extra={**_SPACE},
    )
    """What may change: fields of datasets, encoder, head, activity and training, each with what it
    may be. What the config says of a field always belongs to it."""
    cutoffs: PositiveInt = 3
    """Rolling cutoffs at which a trial is fitted and judged by what followed them; all that lies
    before the training cutoff, the last by the longest of evaluation.horizons that fits."""
    every: Duration = "28d"
    """From one cutoff to the next."""
    startup: PositiveInt = 5
    """Trials that went through all cutoffs, from which on one that is worse than their median at a
    cutoff is pruned: stopped there."""
    seed: int = Field(default=0, ge=0, le=1_000_000)
    """Seed of what is drawn; the fits have that of training."""
