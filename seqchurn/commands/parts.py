"""A whole config -> the parts that verbs hand to components, which never see a config."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import polars as pl

from seqchurn.commands.clock import clock_of, complete_until
from seqchurn.commands.stores import name_of, scores_store
from seqchurn.config import Config
from seqchurn.config.sources import LinksSource
from seqchurn.config.units import duration_days
from seqchurn.datasets.codebook import Attributes
from seqchurn.errors import ConfigError, DataError, ModelError
from seqchurn.files import locked
from seqchurn.prediction import ScoreOptions
from seqchurn.schema import EVENT_TYPE, TIMESTAMP
from seqchurn.storage import BucketStore
from seqchurn.tracking import Bundle, RegisteredModel, connect, find_model, open_model
from seqchurn.waits import Clock

__all__ = [
    "Fitting",
    "all_sequences",
    "attributes_of",
    "clock_of",
    "deciding",
    "end_of_log",
    "evaluation_folder",
    "fitting_model",
    "gate_horizons",
    "registered_model",
    "score_options",
    "scores_store",
    "sequences_store",
    "training_cutoff",
]


Fitting = tuple[RegisteredModel, Bundle]
"""A version that fits config and sequences, opened."""


def sequences_store(config: Config) -> BucketStore:
    """Where the sequences lie."""
    return BucketStore(config.store / "sequences" / config.name)


def evaluation_folder(config: Config, cutoff: datetime) -> Path:
    """Where the report of a cutoff lies."""
    return config.store / "evaluation" / config.name / f"cutoff={name_of(config, cutoff)}"


def all_sequences(config: Config) -> pl.DataFrame:
    """The sequences of all customers, in memory."""
    return sequences_store(config).scan().collect()


def end_of_log(config: Config, sequences: pl.DataFrame | None = None) -> float:
    """First grid day after the log: as configured, else the end of the step of the last target.

    Other events tell nothing about where orders end: a campaign may be logged before it starts.

    Args:
        config: The whole config.
        sequences: The sequences of all customers, if they are in memory already.

    Raises:
        ConfigError: If the target never occurs, or the configured end lies inside a step.
    """
    clock, target, end = clock_of(config), config.waits.target, complete_until(config)
    log = sequences_store(config).scan() if sequences is None else sequences.lazy()
    events = log.select(TIMESTAMP, EVENT_TYPE)
    types = events.explode(TIMESTAMP, EVENT_TYPE).group_by(EVENT_TYPE).agg(pl.max(TIMESTAMP))
    last = dict(types.sort(EVENT_TYPE).collect().iter_rows())
    if target not in last:
        raise ConfigError(
            f"[waits] target {target} never occurs in the log; there are {', '.join(last)}. Name "
            "one of these."
        )
    return clock.at(end) if end else clock.at(last[target]) + clock.step_days


def training_cutoff(config: Config) -> datetime:
    """The configured cutoff, else the end of the log.

    Raises:
        ConfigError: If it lies after the end of the log.
    """
    clock, end_day = clock_of(config), end_of_log(config)
    if config.training.cutoff is None:
        held_back = config.training.held_back
        return clock.moment(end_day - (duration_days(held_back) if held_back else 0.0))
    cutoff = clock.instant(config.training.cutoff)
    if clock.at(cutoff) > end_day:
        raise ConfigError(
            f"[training] cutoff {config.training.cutoff} lies after the end of the log, "
            f"{clock.moment(end_day):%Y-%m-%d}. Choose an earlier cutoff or prepare newer events."
        )
    return cutoff


def attributes_of(config: Config) -> Attributes:
    """Names of the attributes that a model reads.

    Raises:
        DataError: If the sequences were prepared without one of them.
    """
    manifest = sequences_store(config).manifest()
    sources = config.events.sources
    tables = [source for source in sources if not isinstance(source, LinksSource)]
    wanted = {name for table in tables for name in table.attributes}
    lacking = wanted - {*manifest["attributes"], *manifest["static"]}
    if lacking:
        raise DataError(
            f"the sequences have no {', '.join(sorted(lacking))}, which the config maps. Run "
            "seqchurn prepare."
        )
    return Attributes(
        numbers=config.events.attributes("number"),
        categories=config.events.attributes("category"),
        static_numbers=config.events.static_attributes("number"),
        static_categories=config.events.static_attributes("category"),
    )


def score_options(config: Config) -> ScoreOptions:
    """What the score table says.

    Raises:
        ConfigError: If a horizon is not a whole number of steps.
    """
    horizons = config.evaluation.horizons
    churn = config.scoring.churn_horizon
    return ScoreOptions(
        horizons={h: _steps(config, h, f"[evaluation] horizons has {h}") for h in horizons},
        churn_days=_steps(config, churn, f"[scoring] churn_horizon is {churn}"),
        reach_days=duration_days(config.scoring.reach),
        interval_days=duration_days(config.scoring.interval),
        count_paths=config.scoring.count_paths,
    )


def gate_horizons(config: Config) -> list[float]:
    """Windows after a cutoff that the gates look at, in days.

    Raises:
        ConfigError: If one is not a whole number of steps.
    """
    if config.gates.horizons is None:
        return list(score_options(config).horizons.values())
    return [_steps(config, h, f"[gates] horizons has {h}") for h in config.gates.horizons]


def _steps(config: Config, horizon: str, found: str) -> float:
    """Length in days of a horizon of whole steps."""
    days = duration_days(horizon)
    steps = days / clock_of(config).step_days
    if abs(steps - round(steps)) > 1e-6 or steps < 0.5:
        raise ConfigError(
            f"{found}, which is not a whole number of steps of [waits] step {config.waits.step}. "
            "Choose one that is."
        )
    return days


def fitting_model(config: Config, wanted: str | None) -> Fitting:
    """A registered version of the config's model, checked to fit config and sequences.

    Raises:
        ModelError: If there is none, or it was trained on other waits or other attributes.
    """
    registered = registered_model(config, wanted)
    bundle = open_model(registered)
    model, codebook = bundle.model, bundle.model.codebook
    asked = _waits(config.waits.target, clock_of(config))
    trained = _waits(model.target, model.clock)
    if asked != trained:
        raise ModelError(
            f"{registered.uri} was trained for {trained}; [waits] says {asked}. Change it back "
            "or run seqchurn train."
        )
    events = [*codebook.numbers, *codebook.categories]
    static = [*codebook.static_numbers, *codebook.static_categories]
    manifest = sequences_store(config).manifest()
    lacking = set(events) - set(manifest["attributes"]) | set(static) - set(manifest["static"])
    if lacking:
        raise ModelError(
            f"{registered.uri} reads {', '.join(sorted(lacking))}, which the sequences do not "
            "have. Map it and run seqchurn prepare, or run seqchurn train without it."
        )
    return registered, bundle


def _waits(target: str, clock: Clock) -> str:
    return f"target {target}, step {clock.step_days:g}d, timezone {clock.timezone}"


@contextmanager
def deciding(config: Config) -> Iterator[None]:
    """Be the only run on this store that chooses who the champion is.

    Raises:
        LockedError: If another run does.
        ModelError: If no model was registered.
    """
    connect(config.store)
    busy = f"another run promotes or rolls back in {config.store}. Wait until it has ended."
    folder = config.store / "mlflow"
    folder.mkdir(parents=True, exist_ok=True)  # not there where MLflow is a server
    with locked(folder / ".champion", busy):
        yield


def registered_model(config: Config, wanted: str | None) -> RegisteredModel:
    """A registered version of the config's model; None asks for the newest."""
    connect(config.store)
    return find_model(config.tracking.model or config.name, wanted)
