"""A score table -> the same without some customers, and no file left that has them."""

from __future__ import annotations

import logging

import polars as pl

from seqchurn.storage import BucketStore

__all__ = ["forget_scores"]

_log = logging.getLogger(__name__)


def forget_scores(scores: BucketStore, theirs: pl.Expr) -> int:
    """Publish a score table without some customers; those who stay keep their rows as they are.

    The facts stay as well, so that the table says of which sequences it was made, and percentiles
    are those among all who were scored.

    Args:
        scores: The table. If it cannot be read, as one of another version of the program, all of
            its rows go: nobody can tell whose they are.
        theirs: Whether a row is of somebody who goes; never null.

    Returns:
        Number of rows that went; where it is 0, the publication is left as it is.

    Raises:
        LockedError: If another run publishes the same table.
        EnvironmentFailure: If the disk refuses.
    """
    if not scores.exists():
        if scores.purge():
            _log.warning("removed all of %s, which could not be read", scores.folder)
        return 0
    count = int(scores.scan().select(theirs.sum()).collect().item())
    if count:
        with scores.publish() as writer:
            snapshot = scores.snapshot()  # nobody replaces it while the writer holds the lock
            writer.facts |= snapshot.facts
            for bucket in snapshot.buckets():
                writer.write(bucket, snapshot.read(bucket).filter(~theirs))
    scores.purge()
    return count
