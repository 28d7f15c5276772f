"""A config -> its tables, models and reports: what a notebook calls.

    import seqchurn as sc

    config = sc.load_config("configs/demo.yaml")
    store = sc.prepare(config)
    model = sc.train(config)
    print(sc.evaluate(config))
    model.predict(store.events(), as_of="2017-10-01")
    model.wait("1234", "2017-10-01").given_quiet(14).survival([7, 28, 90])

Each function does what the verb of its name does, and returns what that prints.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from seqchurn.commands import prepare as _prepare
from seqchurn.commands import score as _score
from seqchurn.commands import train as _train
from seqchurn.commands.backtest import backtest
from seqchurn.commands.evaluate import evaluate
from seqchurn.commands.inspect import mapped_of
from seqchurn.commands.parts import sequences_store
from seqchurn.commands.stores import published_scores
from seqchurn.config import Config, load_config
from seqchurn.console import preformatted, table
from seqchurn.events import quarantine_store
from seqchurn.inspection import Contents, read_contents
from seqchurn.schema import CUSTOMER_ID
from seqchurn.storage import BucketStore
from seqchurn.tracking import open_model
from seqchurn.tracking.loaded_model import LoadedModel, load_model

__all__ = [
    "Store",
    "backtest",
    "evaluate",
    "load_config",
    "load_model",
    "open_store",
    "prepare",
    "score",
    "train",
]


class Store:
    """The tables of a config, as `prepare` and `score` have published them.

    Args:
        config: The whole config.
    """

    def __init__(self, config: Config) -> None:
        self.config = config

    @property
    def folder(self) -> Path:
        """Where it lies."""
        return self.config.store

    def events(self, customer_ids: Sequence[str] | None = None) -> pl.DataFrame:
        """The events table, a row per event, by customer and time.

        Args:
            customer_ids: Only of these; default: of all.

        Raises:
            DataError: If there is none.
        """
        return _rows(BucketStore(self.folder / "events" / self.config.name), customer_ids)

    def sequences(self, customer_ids: Sequence[str] | None = None) -> pl.DataFrame:
        """The sequences table, a row per customer, with a list for each column of events.

        Args:
            customer_ids: Only of these; default: of all.

        Raises:
            DataError: If there is none.
        """
        return _rows(sequences_store(self.config), customer_ids)

    def quarantine(self) -> pl.DataFrame:
        """Records that were refused, and why: as `seqchurn.schema.QUARANTINE` has them.

        Raises:
            DataError: If there is no events table.
        """
        events = BucketStore(self.folder / "events" / self.config.name)
        return quarantine_store(events).scan().collect()

    def contents(self) -> Contents:
        """What is in the events, counted: what `inspect` shows and charts take.

        Raises:
            DataError: If there is no events table, or it lacks an attribute of the config.
        """
        events = BucketStore(self.folder / "events" / self.config.name)
        return read_contents(events.snapshot(), mapped_of(self.config))

    def scores(
        self, as_of: str | None = None, customer_ids: Sequence[str] | None = None
    ) -> pl.DataFrame:
        """A published score table, a row per customer.

        Args:
            as_of: Its moment, as text; default: the latest.
            customer_ids: Only of these; default: of all.

        Raises:
            DataError: If there is none.
        """
        return _rows(published_scores(self.config, as_of), customer_ids)

    def _repr_html_(self) -> str:
        tables = {
            "events": BucketStore(self.folder / "events" / self.config.name),
            "sequences": sequences_store(self.config),
        }
        rows = [
            [name, found.manifest()["total_rows"] if found.exists() else None, str(found.folder)]
            for name, found in tables.items()
        ]
        return preformatted(table(rows, ["table", "rows", "folder"]))


def open_store(config: Config) -> Store:
    """The tables of a config; nothing is read before it is asked for."""
    return Store(config)


def prepare(config: Config) -> Store:
    """Read what is new in the raw logs, print what became of it; the tables of the config.

    Raises:
        SeqchurnError: If the config, the data or the disk do not allow it.
    """
    _prepare.run(config)
    return Store(config)


def score(config: Config, as_of: str, *, model_version: str | None = None) -> pl.DataFrame:
    """Publish the score table of a moment.

    Args:
        config: The whole config.
        as_of: First instant not seen, as text.
        model_version: Version or alias; default: the champion.

    Returns:
        A row per customer known before the moment.

    Raises:
        SeqchurnError: If the config, the data, a guard, the model or the disk do not allow it.
    """
    _score.run(config, as_of=as_of, model_version=model_version)
    return Store(config).scores(as_of)


def train(config: Config, *, force: bool = False) -> LoadedModel:
    """Fit a model on what lies before the cutoff and register it as the challenger.

    Args:
        config: The whole config.
        force: Fit again even if this very fit is registered already.

    Raises:
        SeqchurnError: If the config, the data or the MLflow store do not allow it.
        DivergedError: If the loss is no longer finite.
    """
    registered = _train.train(config, force=force).registered
    return LoadedModel(registered, open_model(registered), config.store)


def _rows(store: BucketStore, customer_ids: Sequence[str] | None) -> pl.DataFrame:
    rows = store.scan()
    if customer_ids is not None:
        rows = rows.filter(pl.col(CUSTOMER_ID).is_in(list(customer_ids)))
    return rows.collect()
