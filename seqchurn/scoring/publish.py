"""A model and the sequences store -> a published score table, bucket by bucket.

Buckets are scored into scratch files first, because the percentile of a customer needs the scores
of all; then they are completed and published together, or not at all.
"""

from __future__ import annotations

import logging
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from seqchurn.errors import ConfigError
from seqchurn.prediction import ScoreOptions, check_moment, churn_percentile, score_rows
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
        force: Publish again even if the same model has scored the same sequences.

    Returns:
        False if the same table was there already.

    Raises:
        ConfigError: If `as_of` lies inside a step, or no customer is known before it.
        LockedError: If another run publishes the same table.
        EnvironmentFailure: If the disk refuses.
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
        everybody = []
        for bucket in snapshot.buckets():
            rows = score_rows(model, snapshot.read(bucket), as_of, options=options, version=version)
            rows.write_parquet(_scratch(writer, bucket))
            everybody.append(rows["p_churn"].to_numpy())
            _log.debug("bucket %d: %d customers", bucket, rows.height)
        _complete(writer, snapshot.buckets(), np.sort(np.concatenate(everybody)))
    return True


def _check_known(sequences: Snapshot, as_of: datetime) -> None:
    first = sequences.manifest["first_timestamp"]
    if as_of <= datetime.fromisoformat(first):
        raise ConfigError(
            f"no customer is known before --as_of {as_of.isoformat()}; the log begins at {first}. "
            "Choose a later time."
        )


def _complete(writer: BucketWriter, buckets: list[int], everybody: NDArray[np.float64]) -> None:
    """Write the scratch files with percentiles among the probabilities of all customers."""
    percentile = churn_percentile(pl.col("p_churn"), everybody)
    for bucket in buckets:
        rows = pl.read_parquet(_scratch(writer, bucket))
        writer.write(bucket, rows.with_columns(churn_percentile=percentile))


def _scratch(writer: BucketWriter, bucket: int) -> Path:
    return writer.scratch / f"{bucket}.parquet"
