"""Rows to deliver -> the other system, batch by batch, and the record of what it has taken.

At least once: a batch is recorded after it was taken, so a kill between the two sends it again,
row by row with the same `message_id` if the scores are the same.
"""

from __future__ import annotations

import logging
import time

import polars as pl

from seqchurn.errors import EnvironmentFailure
from seqchurn.progress import work
from seqchurn.sinks.audiences import Audiences
from seqchurn.sinks.delivered import Delivered
from seqchurn.sinks.plan import Plan
from seqchurn.sinks.sink import Sink

__all__ = ["deliver"]

_log = logging.getLogger(__name__)

_SAY_EVERY_SECONDS = 10.0


def deliver(
    planned: Plan,
    sink: Sink,
    delivered: Delivered,
    *,
    audiences: Audiences,
    batch_rows: int | None,
    retries: int,
    backoff_seconds: float,
) -> None:
    """Deliver rows, each batch until it is taken.

    Args:
        planned: What `plan` makes, of what `delivered` holds now.
        sink: Where they go.
        delivered: The state of the delivery, locked.
        audiences: Those of the plan.
        batch_rows: Rows at a time; None: all.
        retries: How often a batch that failed is tried again.
        backoff_seconds: Time to the first of these tries; doubled from one to the next.

    Raises:
        EnvironmentFailure: If a batch still fails then; what was taken before is recorded.
        ConfigError: If the other system refuses a batch; likewise.
    """
    messages, form = planned.messages, pl.lit(planned.form)
    done, said = 0, time.monotonic()
    try:
        with work("delivering", messages.height, "messages") as delivering:
            for batch in messages.iter_slices(batch_rows or max(messages.height, 1)):
                told = batch.with_columns(audiences=audiences.listed(), form=form)
                with delivered.recording(told):
                    _send(sink, batch, retries=retries, backoff_seconds=backoff_seconds)
                done += batch.height
                delivering.done(batch.height)
                if time.monotonic() - said > _SAY_EVERY_SECONDS:
                    _log.info("%s of %s rows delivered", f"{done:,}", f"{messages.height:,}")
                    said = time.monotonic()
    except EnvironmentFailure as failure:
        raise EnvironmentFailure(
            f"{failure} {done:,} of {messages.height:,} rows were delivered and are recorded."
        ) from failure
    delivered.settle()


def _send(sink: Sink, batch: pl.DataFrame, *, retries: int, backoff_seconds: float) -> None:
    for number in range(retries):
        try:
            sink.send(batch)
        except EnvironmentFailure as failure:
            wait_seconds = backoff_seconds * 2**number
            _log.warning("%s Trying again in %g s.", failure, wait_seconds)
            time.sleep(wait_seconds)
        else:
            return
    sink.send(batch)
