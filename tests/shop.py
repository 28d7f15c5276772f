"""A small shop with raw logs on disk, and its way through the command line.

Sixty customers over two hundred days: regulars, one-time buyers, visitors who never order, and a
few damaged records. Everything is drawn from one seed.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import yaml

from seqchurn.cli import main
from seqchurn.storage import BucketStore

__all__ = ["Done", "Shop"]

os.environ.setdefault("MLFLOW_CONFIGURE_LOGGING", "false")  # as the command line does

START, DAYS = datetime(2024, 1, 1, tzinfo=UTC), 200
CUTOFF, AS_OF = "2024-05-20", "2024-06-15"

CONFIG: dict[str, Any] = {
    "name": "shop",
    "store": "data",
    "events": {
        "buckets": 4,
        "sources": [
            {
                "name": "orders",
                "kind": "csv",
                "path": "raw/orders.csv",
                "customer_id": "who",
                "timestamp": "at",
                "event_type": "order",
                "attributes": {
                    "amount": {"column": "amount"},
                    "channel": {"column": "channel", "type": "category"},
                },
            },
            {
                "name": "visits",
                "kind": "parquet",
                "path": "raw/visits.parquet",
                "customer_id": "who",
                "timestamp": "at",
                "event_type": "visit",
                "attributes": {"pages": {"column": "pages"}},
            },
            {
                "name": "people",
                "kind": "customers",
                "path": "raw/people.csv",
                "customer_id": "who",
                "known_from": "joined",
                "attributes": {
                    "country": {"column": "country", "type": "category"},
                    "age": {"column": "age"},
                },
            },
        ],
    },
    "datasets": {"landmarks": 4, "batch_slots": 512},
    "encoder": {"kind": "lstm", "hidden_size": 8, "embedding_size": 2, "memories": 2},
    "head": {"kind": "loglogistic_mixture", "components": 3, "hidden_size": 8},
    "training": {"cutoff": CUTOFF, "networks": 2, "max_epochs": 2, "accelerator": "cpu"},
    "evaluation": {"horizons": ["7d", "28d"], "calibration_bins": 4},
    # as wide as the errors of two epochs on sixty customers
    "gates": {"max_log_loss_increase": 1.0, "max_ece": 0.5, "max_ece_cohort": 0.5},
    "scoring": {"churn_horizon": "28d", "interval": "1d", "reach": "365d"},
}


@dataclass(frozen=True)
class Done:
    """What a command came to."""

    status: int
    out: str
    err: str


@dataclass(frozen=True)
class Shop:
    """A folder with raw logs, a config and a store."""

    folder: Path
    name: str = "shop"

    @property
    def config(self) -> Path:
        return self.folder / f"{self.name}.yaml"

    @property
    def store(self) -> Path:
        return self.folder / "data"

    def run(self, verb: str, *flags: str) -> Done:
        """A command in this process."""
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            status = main([verb, "--config", str(self.config), "--log_format", "text", *flags])
        return Done(status, out.getvalue(), err.getvalue())

    def must(self, verb: str, *flags: str) -> str:
        """Stdout of a command that has to succeed."""
        done = self.run(verb, *flags)
        assert done.status == 0, done.err
        return done.out

    def table(self, kind: str, *, as_of: str = "") -> BucketStore:
        """One of its tables: events, sequences or scores."""
        folder = self.store / kind / self.name
        return BucketStore(folder / f"as_of={as_of}" if as_of else folder)

    def scores(self, as_of: str = AS_OF) -> pl.DataFrame:
        """The published score table, by customer."""
        return self.table("scores", as_of=as_of).scan().sort("customer_id").collect()

    def tree(self) -> dict[str, bytes]:
        """Everything in the store but the MLflow store, lock files, which stay and are empty, and
        how long runs have taken."""
        files = (p for p in self.store.rglob("*") if p.is_file() and p.name != ".lock")
        inside = {str(p.relative_to(self.store)): p for p in files}
        return {n: _timeless(p) for n, p in inside.items() if not n.startswith("mlflow")}

    def again(self, name: str, **changes: Any) -> Shop:
        """The same folder with another config; `section__key=value` changes a key."""
        text = yaml.safe_dump(_changed({**CONFIG, "name": name}, changes), sort_keys=False)
        made = replace(self, name=name)
        made.config.write_text(text, encoding="utf-8")
        return made


def _timeless(file: Path) -> bytes:
    content = file.read_bytes()
    if file.name != "manifest.json":
        return content
    facts = json.loads(content)
    facts.pop("seconds", None)
    return json.dumps(facts).encode()


def _changed(config: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    for place, value in changes.items():
        section, _, key = place.partition("__")
        config = {**config, section: {**config.get(section, {}), key: value} if key else value}
    return config


def draw_logs() -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Orders, visits and people, without damage."""
    rng = np.random.default_rng(7)
    orders, visits, people = [], [], []
    for i in range(60):
        who, first = f"c{i:02}", rng.uniform(0, DAYS * (0.98 if i % 10 == 9 else 0.5))
        count = 0 if i % 12 == 5 else 1 if i % 6 == 1 else 40
        ordered = first + np.append(0.0, rng.exponential(rng.uniform(4, 30), 40)).cumsum()[:count]
        seen = first + rng.exponential(9.0, 30).cumsum() - (3.0 if i % 4 == 0 else 0.0)
        orders += [
            (who, day, round(float(rng.lognormal(3, 1)), 2), str(rng.choice(["web", "shop"])))
            for day in ordered[ordered < DAYS]
        ]
        pages = rng.integers(1, 9, len(seen)).tolist()
        visits += [(who, day, n) for day, n in zip(seen, pages, strict=True) if 0 <= day < DAYS]
        joined = first + rng.uniform(0, 60)
        people.append((who, joined, str(rng.choice(["de", "fr"])), int(rng.integers(18, 80))))
    return (
        _with_times(orders, ["who", "at", "amount", "channel"]),
        _with_times(visits, ["who", "at", "pages"]),
        _with_times(people, ["who", "joined", "country", "age"]).filter(pl.col("who") < "c55"),
    )


def _with_times(rows: list[tuple[Any, ...]], columns: list[str]) -> pl.DataFrame:
    stamped = [(who, START + timedelta(seconds=int(86_400 * d)), *rest) for who, d, *rest in rows]
    return pl.DataFrame(stamped, schema=columns, orient="row")


def write_logs(
    folder: Path, orders: pl.DataFrame, visits: pl.DataFrame, people: pl.DataFrame
) -> None:
    """Write raw logs, with a few damaged orders at the end."""
    raw = folder / "raw"
    raw.mkdir(parents=True, exist_ok=True)
    text = orders.with_columns(pl.col("at").dt.to_string("%Y-%m-%dT%H:%M:%SZ")).write_csv()
    damage = ",2024-02-01T00:00:00Z,5,web\nc01,yesterday,5,web\nc02,2024-02-01T00:00:00Z,much,web\n"
    (raw / "orders.csv").write_text(text + damage, encoding="utf-8")
    visits.write_parquet(raw / "visits.parquet")
    people.with_columns(pl.col("joined").dt.to_string("%Y-%m-%dT%H:%M:%SZ")).write_csv(
        raw / "people.csv"
    )


@pytest.fixture(scope="session")
def empty_mlflow(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An MLflow store without runs; to make one costs seconds, to copy it nothing."""
    import mlflow

    from seqchurn.tracking import connect

    store = tmp_path_factory.mktemp("empty")
    connect(store, make=True)
    mlflow.search_experiments()
    return store / "mlflow"


@pytest.fixture(scope="session")
def open_shop(empty_mlflow: Path) -> Callable[..., Shop]:
    """Open a shop in a folder, its logs as drawn or as given."""

    def opened(folder: Path, *logs: pl.DataFrame, **changes: Any) -> Shop:
        write_logs(folder, *(logs or draw_logs()))
        shutil.copytree(empty_mlflow, folder / "data" / "mlflow")
        return Shop(folder).again("shop", **changes)

    return opened


@pytest.fixture
def shop(open_shop: Callable[..., Shop], tmp_path: Path) -> Shop:
    """A shop that nothing was done with."""
    return open_shop(tmp_path / "shop")


@dataclass(frozen=True)
class Opened(Shop):
    """A shop that went the whole way."""

    said: dict[str, str] | None = None
    """Verb to its stdout."""


@pytest.fixture(scope="session")
def whole_way(
    open_shop: Callable[..., Shop], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Opened]:
    """A shop that went the whole way from an empty working directory; only to be read."""
    folder = tmp_path_factory.mktemp("whole")
    fresh, elsewhere = open_shop(folder), folder / "elsewhere"
    elsewhere.mkdir()
    with contextlib.chdir(elsewhere):
        said = {verb: fresh.must(verb) for verb in ("prepare", "train", "evaluate", "promote")}
        said["score"] = fresh.must("score", "--as_of", AS_OF)
    return Opened(folder, "shop", said)


def copied(whole_way: Opened, folder: Path) -> Shop:
    """A copy of that shop in another folder."""
    copy = Shop(folder)
    shutil.copytree(whole_way.folder, copy.folder)
    database = copy.store / "mlflow" / "mlflow.db"
    with contextlib.closing(sqlite3.connect(database)) as old:
        script = "\n".join(old.iterdump())  # MLflow keeps absolute paths
    database.unlink()
    with contextlib.closing(sqlite3.connect(database)) as new:
        new.executescript(script.replace(str(whole_way.folder), str(copy.folder)))
    return copy


@pytest.fixture
def trained(whole_way: Opened, tmp_path: Path) -> Shop:
    """A copy of that shop, to work on."""
    return copied(whole_way, tmp_path / "shop")
