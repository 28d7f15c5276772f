"""Section `head`: how a context vector becomes the distribution of a wait."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, PositiveInt

from seqchurn.config.section import Section

__all__ = [
    "HazardGridConfig",
    "Head",
    "LogLogisticMixtureConfig",
    "LogNormalMixtureConfig",
    "WeibullConfig",
]


class LogLogisticMixtureConfig(Section):
    """Mixture of log-logistic waits: heavy tails, any shape."""

    kind: Literal["loglogistic_mixture"] = "loglogistic_mixture"
    """Mixture of log-logistic distributions."""
    components: PositiveInt = 12
    """Distributions in the mixture, their scales spread from short waits to long ones."""
    hidden_size: PositiveInt = 64
    """Width of the layer between context and parameters."""
    never: bool = False
    """Whether some customers may never order again, whatever the wait."""


class WeibullConfig(Section):
    """One Weibull wait: the classic WTTE-RNN, as a baseline."""

    kind: Literal["weibull"] = "weibull"
    """Martinsson 2016."""
    hidden_size: PositiveInt = 64
    """Width of the layer between context and parameters."""


class LogNormalMixtureConfig(Section):
    """Mixture of log-normal waits, with a mass for an order in the very next step."""

    kind: Literal["lognormal_mixture"] = "lognormal_mixture"
    """Mixture of log-normal distributions; tails lighter than log-logistic."""
    components: PositiveInt = 12
    """Distributions in the mixture, their scales spread from short waits to long ones."""
    hidden_size: PositiveInt = 64
    """Width of the layer between context and parameters."""
    never: bool = False
    """Whether some customers may never order again, whatever the wait."""


class HazardGridConfig(Section):
    """A hazard that is constant in each bin of a grid, with a power-law tail."""

    kind: Literal["hazard_grid"] = "hazard_grid"
    """Kvamme and Borgan 2021, constant hazard interpolation."""
    bins: int = Field(default=24, ge=2)
    """Bins, evenly spaced in log days from short waits to long ones."""
    hidden_size: PositiveInt = 64
    """Width of the layer between context and parameters."""


Head = Annotated[
    LogLogisticMixtureConfig | WeibullConfig | LogNormalMixtureConfig | HazardGridConfig,
    Field(discriminator="kind"),
]
