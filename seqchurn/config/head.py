"""Section `head`: how a context vector becomes the distribution of a wait."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, PositiveInt

from seqchurn.config.section import Section

__all__ = ["Head", "LogLogisticMixtureConfig", "WeibullConfig"]


class LogLogisticMixtureConfig(Section):
    """Mixture of log-logistic waits: heavy tails, any shape."""

    kind: Literal["loglogistic_mixture"] = "loglogistic_mixture"
    """Mixture of log-logistic distributions."""
    components: PositiveInt = 12
    """Distributions in the mixture, their scales spread from short waits to long ones."""
    hidden_size: PositiveInt = 64
    """Width of the layer between context and parameters."""


class WeibullConfig(Section):
    """One Weibull wait: the classic WTTE-RNN, as a baseline."""

    kind: Literal["weibull"] = "weibull"
    """Martinsson 2016."""
    hidden_size: PositiveInt = 64
    """Width of the layer between context and parameters."""


Head = Annotated[LogLogisticMixtureConfig | WeibullConfig, Field(discriminator="kind")]
