"""The model and the sequences of a small shop that went the whole way."""

from __future__ import annotations

import polars as pl
import pytest

from seqchurn.tracking import Bundle, connect, find_model, open_model
from seqchurn.training.fitted_model import FittedModel
from tests.shop import Opened


@pytest.fixture(scope="session")
def bundle(whole_way: Opened) -> Bundle:
    connect(whole_way.store)
    return open_model(find_model("shop", None))


@pytest.fixture(scope="session")
def model(bundle: Bundle) -> FittedModel:
    return bundle.model


@pytest.fixture(scope="session")
def sequences(whole_way: Opened) -> pl.DataFrame:
    return whole_way.table("sequences").scan().collect()
