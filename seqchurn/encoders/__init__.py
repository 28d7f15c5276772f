"""Padded histories -> context vectors at landmarks, one file a kind of network.

An encoder is an `Encoder`: its `forward` takes an `EventBatch` and `Landmarks` and returns context
of shape (B, L, C); `state`, `step` and `read` do the same event by event. To add one: a file here,
a row in `ENCODERS`, a config class in `config/encoder.py`.
"""

from __future__ import annotations

from typing import Any

from seqchurn.datasets.facts import DataFacts
from seqchurn.encoders.encoder import Encoder
from seqchurn.encoders.recurrent import GruEncoder, LstmEncoder, RecurrentEncoder
from seqchurn.encoders.state import EncoderState

__all__ = [
    "ENCODERS",
    "Encoder",
    "EncoderState",
    "GruEncoder",
    "LstmEncoder",
    "RecurrentEncoder",
    "make_encoder",
]

ENCODERS: dict[str, type[Encoder]] = {"gru": GruEncoder, "lstm": LstmEncoder}


def make_encoder(kind: str, facts: DataFacts, **options: Any) -> Encoder:
    """The encoder of a kind.

    Args:
        kind: A key of `ENCODERS`.
        facts: Sizes and time scales of the data.
        **options: The other fields of the encoder's config.
    """
    return ENCODERS[kind](facts, **options)
