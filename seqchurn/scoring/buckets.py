"""Buckets of sequences -> files of scores, by this process or by several, whatever is left to do.

A file is there as a whole or not at all, so that a run that was killed is gone on with.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl
import torch

from seqchurn.code_version import code_version
from seqchurn.files import disk_failures, replacing, sync
from seqchurn.prediction import ScoreOptions, score_rows
from seqchurn.processes import Tell, run_apart
from seqchurn.progress import work
from seqchurn.storage import Snapshot
from seqchurn.training.fitted_model import FittedModel

__all__ = ["Scoring", "score_buckets", "scored_file"]

_log = logging.getLogger(__name__)

_Done = Callable[[int], None]
"""Told how many more customers are done, those not yet known among them."""


@dataclass(frozen=True)
class Scoring:
    """Who is scored, when and by what: all that a score table depends on."""

    model: FittedModel
    sequences: Snapshot
    as_of: datetime
    """First instant not seen, aware; the start of a step."""
    options: ScoreOptions
    """What the table says."""
    version: dict[str, str]
    """`model_name`, `model_version` and `run_id`."""

    def facts(self) -> dict[str, Any]:
        """What the manifest says of it: where two are equal, so are the tables."""
        return {
            "as_of": self.as_of.isoformat(),
            "sequences_digest": self.sequences.digest,
            "code_version": code_version(),
            **asdict(self.options),
            **self.version,
        }

    def rows(self, bucket: int) -> pl.DataFrame:
        """Scores of the customers of a bucket, without percentiles."""
        sequences, options, version = self.sequences.read(bucket), self.options, self.version
        return score_rows(self.model, sequences, self.as_of, options=options, version=version)


def scored_file(folder: Path, bucket: int) -> Path:
    """Where the scores of a bucket go."""
    return folder / f"{bucket}.parquet"


def score_buckets(scoring: Scoring, folder: Path, *, at_once: int = 1) -> None:
    """Write the scores of all buckets that are not there yet.

    Args:
        scoring: Who is scored, when and by what.
        folder: Where the files go.
        at_once: Processes that score; the files do not depend on it.

    Raises:
        EnvironmentFailure: If the disk refuses, or a process that scores is killed.
    """
    buckets = scoring.sequences.buckets()
    left = [bucket for bucket in buckets if not scored_file(folder, bucket).exists()]
    if len(left) < len(buckets):
        _log.info("%d of %d buckets are scored already", len(buckets) - len(left), len(buckets))
    customers = sum(scoring.sequences.height(bucket) for bucket in left)
    with work(f"scoring as of {scoring.as_of:%Y-%m-%d}", customers, "customers") as scored:
        if at_once <= 1 or len(left) <= 1:
            _score_each(scoring, left, folder, scored.done)
        else:
            _score_apart(scoring, left, folder, min(at_once, len(left)), scored.done)


def _score_apart(
    scoring: Scoring, buckets: Sequence[int], folder: Path, at_once: int, done: _Done
) -> None:
    _log.info("scoring in %d processes", at_once)
    threads = torch.get_num_threads()
    shares = {
        f"process {n}": (scoring, buckets[n::at_once], folder, threads) for n in range(at_once)
    }
    run_apart(_score_share, shares, at_once=at_once, told=lambda _, customers: done(customers))


def _score_each(scoring: Scoring, buckets: Sequence[int], folder: Path, done: _Done) -> None:
    for bucket in buckets:
        rows = scoring.rows(bucket)
        with replacing(scored_file(folder, bucket)) as file:
            rows.write_parquet(file)
            sync(file)
        _log.debug("bucket %d: %d customers", bucket, rows.height)
        done(scoring.sequences.height(bucket))


def _score_share(share: tuple[Scoring, Sequence[int], Path, int], tell: Tell) -> None:
    scoring, buckets, folder, threads = share
    torch.set_num_threads(threads)
    tell(0)  # it has started
    with disk_failures(f"write scores to {folder}"):
        _score_each(scoring, buckets, folder, tell)
