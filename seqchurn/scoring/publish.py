"""A model and the sequences store -> a published score table, bucket by bucket.

Buckets are scored into scratch files first, by this process or by several, because the percentile
of a customer needs the scores of all; then they are completed and published together, or not at
all.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

import polars as pl
import torch

from seqchurn.errors import ConfigError
from seqchurn.files import disk_failures
from seqchurn.prediction import ScoreOptions, check_moment, churn_percentile, score_rows
from seqchurn.processes import Tell, run_apart
from seqchurn.storage import BucketStore, BucketWriter, Snapshot
from seqchurn.training.fitted_model import FittedModel

__all__ = ["publish_scores"]

_log = logging.getLogger(__name__)


def publish_scores(
    model: FittedModel,
    sequences: BucketStore,
    scores: BucketStore,
    as_of: datetime,
    *,
    options: ScoreOptions,
    version: dict[str, str],
    at_once: int = 1,
    force: bool = False,
) -> bool:
    """Score every customer known before a moment and publish the table.

    Args:
        model: The fitted model.
        sequences: Store of the sequences; all that is read is of one publication.
        scores: Store to publish.
        as_of: First instant not seen, aware; the start of a step.
        options: What the table says.
        version: `model_name`, `model_version` and `run_id`.
        at_once: Processes that score; the table does not depend on it.
        force: Publish again even if the same model has scored the same sequences.

    Returns:
        False if the same table was there already.

    Raises:
        ConfigError: If `as_of` lies inside a step, or no customer is known before it.
        LockedError: If another run publishes the same table.
        EnvironmentFailure: If the disk refuses, or a process that scores is killed.
    """
    check_moment(model.clock, as_of)
    snapshot = sequences.snapshot()
    _check_known(snapshot, as_of)
    facts = {
        "as_of": as_of.isoformat(),
        "sequences_digest": snapshot.digest,
        **asdict(options),
        **version,
    }
    if not force and scores.exists() and facts.items() <= scores.manifest().items():
        _log.info("scores in %s are up to date", scores.folder)
        return False
    with scores.publish(**facts) as writer:
        scoring = _Scoring(model, snapshot, as_of, options, version, writer.scratch)
        buckets = snapshot.buckets()
        at_once = min(at_once, len(buckets))
        if at_once == 1:
            scoring.score(buckets)
        else:
            _score_apart(scoring, buckets, at_once)
        _complete(writer, scoring, buckets)
    return True


@dataclass(frozen=True)
class _Scoring:
    """What buckets are scored by, and where their scores go before they are completed."""

    model: FittedModel
    sequences: Snapshot
    as_of: datetime
    options: ScoreOptions
    version: dict[str, str]
    folder: Path

    def score(self, buckets: Sequence[int]) -> None:
        """Write the scores of some buckets, without percentiles."""
        for bucket in buckets:
            rows = score_rows(
                self.model,
                self.sequences.read(bucket),
                self.as_of,
                options=self.options,
                version=self.version,
            )
            rows.write_parquet(self.file(bucket))
            _log.debug("bucket %d: %d customers", bucket, rows.height)

    def file(self, bucket: int) -> Path:
        """Where the scores of a bucket go."""
        return self.folder / f"{bucket}.parquet"


def _score_apart(scoring: _Scoring, buckets: Sequence[int], at_once: int) -> None:
    """Score in several processes, each some buckets; the scores go to files."""
    _log.info("scoring in %d processes", at_once)
    threads = torch.get_num_threads()
    shares = {f"process {n}": (scoring, buckets[n::at_once], threads) for n in range(at_once)}
    run_apart(_score_share, shares, at_once=at_once, told=lambda *_: None)


def _score_share(share: tuple[_Scoring, Sequence[int], int], tell: Tell) -> None:
    scoring, buckets, threads = share
    torch.set_num_threads(threads)
    with disk_failures(f"write scores to {scoring.folder}"):
        scoring.score(buckets)


def _check_known(sequences: Snapshot, as_of: datetime) -> None:
    first = sequences.manifest["first_timestamp"]
    if as_of <= datetime.fromisoformat(first):
        raise ConfigError(
            f"no customer is known before --as_of {as_of.isoformat()}; the log begins at {first}. "
            "Choose a later time."
        )


def _complete(writer: BucketWriter, scoring: _Scoring, buckets: Sequence[int]) -> None:
    """Write the scores with percentiles among the probabilities of all customers."""
    files = [scoring.file(bucket) for bucket in buckets]
    everybody = pl.scan_parquet(files).select("p_churn").collect()["p_churn"].sort()
    percentile = churn_percentile(pl.col("p_churn"), everybody.to_numpy())
    for bucket, file in zip(buckets, files, strict=True):
        writer.write(bucket, pl.read_parquet(file).with_columns(churn_percentile=percentile))
