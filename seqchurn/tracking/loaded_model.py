"""A model URI -> a model that takes Polars or pandas events and gives the same back."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path
from typing import overload

import mlflow
import pandas as pd
import polars as pl

from seqchurn.errors import ModelError
from seqchurn.tracking.bundle import Bundle
from seqchurn.tracking.registry import RegisteredModel, find_model, open_model
from seqchurn.tracking.runs import connect
from seqchurn.tracking.score_model import from_pandas, score_events

__all__ = ["LoadedModel", "load_model"]


class LoadedModel:
    """A registered model, ready to score.

    Args:
        registered: Name, version and run.
        bundle: The model.
    """

    def __init__(self, registered: RegisteredModel, bundle: Bundle) -> None:
        self.registered = registered
        self.bundle = bundle

    @overload
    def predict(self, events: pl.DataFrame, *, as_of: str | date) -> pl.DataFrame: ...
    @overload
    def predict(self, events: pd.DataFrame, *, as_of: str | date) -> pd.DataFrame: ...
    def predict(
        self, events: pl.DataFrame | pd.DataFrame, *, as_of: str | date
    ) -> pl.DataFrame | pd.DataFrame:
        """Scores of every customer with an event before a moment.

        Args:
            events: The events table; naive times are taken as UTC.
            as_of: First instant not to be seen: an ISO text, a date or a datetime; without
                an offset it is local to the model's zone.

        Returns:
            The score table, of the kind of frame that was given.

        Raises:
            ConfigError: If `as_of` is no time, or inside a step of the grid.
            DataError: If columns are missing, or hold what cannot be read.
        """
        table = events if isinstance(events, pl.DataFrame) else from_pandas(events)
        moment = as_of.isoformat() if isinstance(as_of, date) else as_of
        scores = score_events(self.bundle, table, moment, version=self.registered.version)
        return scores if isinstance(events, pl.DataFrame) else scores.to_pandas()


def load_model(uri: str, *, store: str | Path | None = None) -> LoadedModel:
    """Open a registered model.

    Args:
        uri: `models:/NAME@ALIAS` or `models:/NAME/VERSION`.
        store: The `store` of the config that trained it; default: MLFLOW_TRACKING_URI, or what
            mlflow.set_tracking_uri was told.

    Raises:
        ModelError: If there is no such model.

    Example:
        model = seqchurn.load_model("models:/complete_journey@champion", store="data")
        model.predict(events, as_of="2017-10-01")
    """
    if store is not None:
        connect(Path(store).absolute())
    elif "MLFLOW_TRACKING_URI" not in os.environ and not mlflow.is_tracking_uri_set():  # type: ignore[no-untyped-call]
        raise ModelError(
            f"where is {uri}? Pass store=, the store folder of the config that trained it, or set "
            "MLFLOW_TRACKING_URI."
        )
    place = uri.removeprefix("models:/")
    name, separator, wanted = place.replace("@", "/").rpartition("/")
    if not uri.startswith("models:/") or not separator:
        raise ModelError(
            f"{uri} is not a model: expected models:/NAME@champion or models:/NAME/VERSION."
        )
    registered = find_model(name, wanted)
    return LoadedModel(registered, open_model(registered))
