"""Section `encoder`: how a history becomes a context vector."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, NonNegativeInt, PositiveInt

from seqchurn.config.section import Section

__all__ = ["Encoder", "GruConfig", "LstmConfig", "RecurrentConfig"]


class RecurrentConfig(Section):
    """What the recurrent encoders share."""

    hidden_size: PositiveInt = 64
    """Width of the recurrent state."""
    embedding_size: PositiveInt = 8
    """Width of the embedding of event types and of each categorical attribute."""
    memories: NonNegativeInt = 8
    """Exponentially decaying memories beside the recurrent state; their time constants learn."""
    dropout: float = Field(default=0.0, ge=0.0, lt=1.0)
    """Share of context values dropped in training."""


class GruConfig(RecurrentConfig):
    """Gated recurrent unit."""

    kind: Literal["gru"] = "gru"
    """Cho et al. 2014."""


class LstmConfig(RecurrentConfig):
    """Long short-term memory; trains faster than a GRU on a CPU."""

    kind: Literal["lstm"] = "lstm"
    """Hochreiter and Schmidhuber 1997."""


Encoder = Annotated[GruConfig | LstmConfig, Field(discriminator="kind")]
