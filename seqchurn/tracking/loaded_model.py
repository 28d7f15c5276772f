"""A model URI -> a model that takes Polars or pandas events and gives the same back."""

from __future__ import annotations

import os
from datetime import date, datetime
from pathlib import Path
from typing import overload

import mlflow
import pandas as pd
import polars as pl

from seqchurn.console import preformatted
from seqchurn.errors import DataError, ModelError
from seqchurn.prediction import (
    CustomerWait,
    Explanation,
    Moment,
    explain_change,
    running_waits,
)
from seqchurn.schema import CUSTOMER_ID, EVENT_TYPE, TIMESTAMP
from seqchurn.storage import BucketStore
from seqchurn.tracking.bundle import Bundle
from seqchurn.tracking.registry import RegisteredModel, find_model, open_model
from seqchurn.tracking.runs import connect
from seqchurn.tracking.score_model import from_pandas, moment_of, score_events, sequences_of
from seqchurn.tracking.version_record import read_card

__all__ = ["LoadedModel", "load_model"]


class LoadedModel:
    """A registered model, ready to score.

    Args:
        registered: Name, version and run.
        bundle: The model.
        store: The `store` of a config, which holds its sequences; None: that of the config that
            trained the model.
    """

    def __init__(
        self, registered: RegisteredModel, bundle: Bundle, store: Path | None = None
    ) -> None:
        self.registered = registered
        self.bundle = bundle
        self.store = store or Path(bundle.config["store"])
        self._place = mlflow.get_tracking_uri()

    def wait(
        self,
        customer_id: str,
        as_of: str | date,
        *,
        events: pl.DataFrame | pd.DataFrame | None = None,
    ) -> CustomerWait:
        """When a customer orders next, as seen from a moment: a whole distribution.

        Args:
            customer_id: As it stands in the tables.
            as_of: As in `predict`.
            events: The events table, or the part of it that is of the customer; default: the
                sequences in the store.

        Raises:
            ConfigError: If `as_of` is no time, or inside a step of the grid.
            DataError: If there is no such customer before the moment, or there are no sequences.
        """
        model = self.bundle.model
        moment = moment_of(as_of, model.clock)
        theirs = self._sequences(events, customer_id, moment)
        seen = theirs.select(TIMESTAMP, EVENT_TYPE).explode(TIMESTAMP, EVENT_TYPE)
        orders = seen.filter(pl.col(TIMESTAMP) < moment, pl.col(EVENT_TYPE) == model.target)
        waits = running_waits(model, theirs, moment)
        return CustomerWait(waits, model.clock, orders=not orders.is_empty())

    def explain(
        self, customer_id: str, start: str | date, end: str | date, *, horizon_days: float
    ) -> Explanation:
        """Why the probability of no order has moved between two moments, by the same model.

        Args:
            customer_id: As it stands in the sequences in the store.
            start: The first moment, as `as_of` in `predict`.
            end: The second.
            horizon_days: No order for so long.

        Raises:
            ConfigError: If a moment is no time, or inside a step of the grid.
            DataError: If there is no such customer before the moments.
        """
        model = self.bundle.model
        moments = [Moment(moment_of(at, model.clock), model) for at in (start, end)]
        theirs = self._sequences(None, customer_id, moments[0].as_of)
        return explain_change(theirs, *moments, horizon_days=horizon_days)

    def _sequences(
        self, events: pl.DataFrame | pd.DataFrame | None, customer_id: str, before: datetime
    ) -> pl.DataFrame:
        """The row of a customer who is known before a moment."""
        if events is None:
            name = str(self.bundle.config["name"])
            log = BucketStore(self.store / "sequences" / name).scan()
        else:
            log = sequences_of(self.bundle, _polars(events)).lazy()
        theirs = log.filter(pl.col(CUSTOMER_ID) == customer_id).collect()
        if theirs.filter(pl.col(TIMESTAMP).list.first() < before).is_empty():
            raise DataError(
                f"no event of customer {customer_id} lies before {before.isoformat()}. Check the "
                "id or choose a later moment."
            )
        return theirs

    def card(self) -> str:
        """What is known of it, in Markdown: purpose, data, how well it does, decisions, limits.

        Raises:
            EnvironmentFailure: If the MLflow store refuses, or has no card of it.
        """
        return read_card(self.registered, self._place)

    def _repr_html_(self) -> str:
        seen = f"trained on what came before {self.bundle.training_cutoff}"
        return preformatted(f"{self.registered.uri}, run {self.registered.run_id}, {seen}")

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
        scores = score_events(self.bundle, _polars(events), as_of, version=self.registered.version)
        return scores if isinstance(events, pl.DataFrame) else scores.to_pandas()


def _polars(events: pl.DataFrame | pd.DataFrame) -> pl.DataFrame:
    return events if isinstance(events, pl.DataFrame) else from_pandas(events)


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
    place_of_tables = None if store is None else Path(store).absolute()
    return LoadedModel(registered, open_model(registered), place_of_tables)
