"""A model and the sequences store -> a published score table, if no guard objects.

Buckets are scored into scratch files first, because the percentile of a customer needs the scores
of all, and so do the guards; then they are completed and published together, or not at all. What a
run that was killed has scored is not scored again.
"""

from __future__ import annotations

import hashlib
import json
import logging
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from seqchurn.config.guards import GuardsConfig
from seqchurn.errors import ConfigError
from seqchurn.prediction import check_moment, churn_percentile
from seqchurn.scoring.buckets import Scoring, score_buckets, scored_file
from seqchurn.scoring.guards import Night, ask_guards
from seqchurn.scoring.profile import profile_of
from seqchurn.storage import BucketStore, BucketWriter, Snapshot

__all__ = ["publish_scores"]

_log = logging.getLogger(__name__)


def publish_scores(
    scoring: Scoring,
    scores: BucketStore,
    *,
    guards: GuardsConfig,
    trained_until: datetime,
    previous: Snapshot | None = None,
    at_once: int = 1,
    force: bool = False,
) -> bool:
    """Score every customer known before a moment and publish the table.

    Args:
        scoring: Who is scored, when and by what.
        scores: Store to publish.
        guards: What must hold of the table.
        trained_until: First instant that the model has not seen.
        previous: The table published last before the moment, if there is one.
        at_once: Processes that score; the table does not depend on it.
        force: Publish again even if the same model has scored the same sequences.

    Returns:
        False if the same table was there already.

    Raises:
        ConfigError: If the moment lies inside a step, or no customer is known before it.
        DataError: If a guard refuses; then nothing that is published has changed.
        LockedError: If another run publishes the same table.
        EnvironmentFailure: If the disk refuses, or a process that scores is killed.
    """
    check_moment(scoring.model.clock, scoring.as_of)
    _check_known(scoring.sequences, scoring.as_of)
    facts = scoring.facts()
    if not force and scores.exists() and facts.items() <= scores.manifest().items():
        scores.clear()
        _log.info("scores in %s are up to date", scores.folder)
        return False
    with scores.publish(resumes="" if force else _digest(facts), **facts) as writer:
        took = _Stopwatch()
        score_buckets(scoring, writer.scratch, at_once=at_once)
        took.lap("scoring")
        files = {b: scored_file(writer.scratch, b) for b in scoring.sequences.buckets()}
        night = _night(scoring, files, guards.recent_days, previous, trained_until)
        read = {finding.guard: finding.value for finding in ask_guards(night, guards)}
        took.lap("guards")
        _complete(writer, files)
        took.lap("completing")
        writer.facts |= {"profile": night.profile.to_dict(), "guards": read, "seconds": took.laps}
    return True


class _Stopwatch:
    """Seconds of what is done one after another, by name."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._since = time.monotonic()

    def lap(self, name: str) -> None:
        now = time.monotonic()
        self.laps[name], self._since = round(now - self._since, 3), now


def _night(
    scoring: Scoring,
    files: dict[int, Path],
    recent_days: float,
    previous: Snapshot | None,
    trained_until: datetime,
) -> Night:
    return Night(
        as_of=scoring.as_of,
        scores=pl.scan_parquet(list(files.values())),
        profile=profile_of(
            scoring.sequences, scoring.as_of, target=scoring.model.target, recent_days=recent_days
        ),
        previous=previous,
        known_types=frozenset(scoring.model.codebook.event_types),
        trained_until=trained_until,
        horizons=scoring.options.horizons,
        model=(scoring.version["model_name"], scoring.version["model_version"]),
    )


def _check_known(sequences: Snapshot, as_of: datetime) -> None:
    first = sequences.manifest["first_timestamp"]
    if as_of <= datetime.fromisoformat(first):
        raise ConfigError(
            f"no customer is known before --as_of {as_of.isoformat()}; the log begins at {first}. "
            "Choose a later time."
        )


def _digest(facts: dict[str, Any]) -> str:
    """Short name of all that a table depends on."""
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:12]


def _complete(writer: BucketWriter, files: dict[int, Path]) -> None:
    """Write the scores with percentiles among the probabilities of all customers."""
    everybody = pl.scan_parquet(list(files.values())).select("p_churn").collect()["p_churn"].sort()
    percentile = churn_percentile(pl.col("p_churn"), everybody.to_numpy())
    for bucket, file in files.items():
        writer.write(bucket, pl.read_parquet(file).with_columns(churn_percentile=percentile))
