"""Encoders of every kind over a drawn log with attributes."""

from __future__ import annotations

import typing
from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch

from seqchurn.config import encoder as encoder_config
from seqchurn.datasets.codebook import Attributes, Codebook, Scale
from seqchurn.datasets.facts import DataFacts, data_facts
from seqchurn.datasets.jagged import Jagged
from seqchurn.encoders import ENCODERS, RecurrentEncoder, make_encoder

FIRST_DAY, END = 18_262.0, 60.0


@pytest.fixture(scope="session")
def encoder_options() -> dict[str, dict[str, Any]]:
    """Default fields of the config of every encoder, by kind."""
    configs = typing.get_args(typing.get_args(encoder_config.Encoder)[0])
    fields = [config().model_dump() for config in configs]
    return {str(field.pop("kind")): field for field in fields}


@pytest.fixture(scope="session")
def sequences(sequences_of: Callable[..., pl.DataFrame]) -> pl.DataFrame:
    """Thirty customers with one to twenty events over sixty days, and attributes of all kinds."""
    rng = np.random.default_rng(0)
    log = {
        f"c{i:02}": [
            (float(t), str(rng.choice(["order", "view", "mail"])))
            for t in np.sort(rng.uniform(0, END, rng.integers(1, 21))).round(3)
        ]
        for i in range(30)
    }
    lengths = [len(events) for events in log.values()]
    return sequences_of(
        log,
        amount=[rng.lognormal(3, 1, n).tolist() for n in lengths],
        shop=[rng.choice(["x", "y", "z", "rare"], n).tolist() for n in lengths],
        age=rng.normal(40, 10, 30).tolist(),
        town=rng.choice(["u", "v"], 30).tolist(),
    )


@pytest.fixture(scope="session")
def attributes() -> Attributes:
    return Attributes(["amount"], ["shop"], ["age"], ["town"])


@pytest.fixture(scope="session")
def codebook() -> Codebook:
    """One codebook for all: what is fitted must not tell the whole log from a part of it."""
    return Codebook(
        event_types=("mail", "order", "view"),
        numbers={"amount": Scale(unit=20.0, center=1.0, spread=0.7)},
        categories={"shop": ("x", "y", "z")},
        static_numbers={"age": Scale(unit=40.0, center=0.9, spread=0.2)},
        static_categories={"town": ("u", "v")},
    )


@pytest.fixture(scope="session")
def history(
    jagged_of: Callable[..., Jagged],
    sequences: pl.DataFrame,
    attributes: Attributes,
    codebook: Codebook,
) -> Jagged:
    return jagged_of(sequences, END, attributes=attributes, codebook=codebook)


@pytest.fixture(scope="session")
def facts(history: Jagged, codebook: Codebook) -> DataFacts:
    return data_facts(history, codebook, end_day=FIRST_DAY + END, step_days=1.0)


@pytest.fixture(params=ENCODERS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def encoder(
    kind: str, facts: DataFacts, encoder_options: dict[str, dict[str, Any]]
) -> RecurrentEncoder:
    torch.manual_seed(0)
    return make_encoder(kind, facts, **encoder_options[kind]).eval()
