"""Sequences before a cutoff -> all that a fit needs: codes, scales, tensors, who trains."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import polars as pl
import torch
from torch import Tensor

from seqchurn.datasets.codebook import Attributes, Codebook
from seqchurn.datasets.facts import DataFacts, data_facts
from seqchurn.datasets.jagged import Jagged, events_before, make_jagged
from seqchurn.errors import ConfigError, DataError
from seqchurn.events.hashing import bucket
from seqchurn.schema import CUSTOMER_ID, EVENT_TYPE, KNOWN_FROM, TIMESTAMP
from seqchurn.waits.clock import Clock

__all__ = ["Split", "TrainingData", "split_customers", "training_data"]


@dataclass(frozen=True)
class Split:
    """How customers are divided into those who train and those who tell when to stop."""

    validation_fraction: float
    validation_customers: int
    """At most so many tell when to stop."""
    validation_span: float
    """Last share of what is learned from, in which they are asked."""
    recalibration_span: float
    """Last share of the log that is not learned from."""
    seed: int


@dataclass(frozen=True)
class TrainingData:
    """What was known before the cutoff, ready for a fit."""

    jagged: Jagged
    codebook: Codebook
    facts: DataFacts
    training: Tensor
    """Rows of the customers to learn from."""
    validation: Tensor
    """Rows of the customers set aside: asked from `aside_day` on, learned from before it."""
    aside_day: float
    """Grid day."""
    end_day: float
    """Grid day at which learning ends."""
    cutoff_day: float
    """Grid day of the cutoff; what lies between is there to recalibrate by."""

    def of_rank(self, customers: Tensor, rank: int, ranks: int) -> Tensor:
        """Those of some customers who are in the buckets of one of several processes.

        Args:
            customers: Rows, shape (B,).
            rank: Number of the process.
            ranks: How many there are: no two have a customer, or a bucket of the store, in common
                if their number divides that of the buckets.
        """
        ids = self.jagged.customer_ids.gather(customers.tolist()).alias(CUSTOMER_ID).to_frame()
        place = ids.select(bucket(pl.col(CUSTOMER_ID), ranks)).to_series()
        return customers[torch.from_numpy(place.to_numpy() == rank)]


def training_data(
    sequences: pl.DataFrame,
    *,
    cutoff: datetime,
    clock: Clock,
    target: str,
    attributes: Attributes,
    limits: tuple[int, int],
    split: Split,
) -> TrainingData:
    """Split the customers, fit the codebook on those who train, make tensors of all.

    Args:
        sequences: The sequences table.
        cutoff: First instant not seen, aware.
        clock: The grid of waits.
        target: Event type that is an order.
        attributes: Names of the attributes to read.
        limits: Newest events kept per customer, commonest values kept per categorical attribute.
        split: How customers are divided.

    Raises:
        ConfigError: If the cutoff lies inside a step or before the first event, the target never
            occurs in what is learned from, or the slice to recalibrate by is not a step long.
        DataError: If fewer than two customers can be asked, or no order lies in that slice.
    """
    max_events, max_categories = limits
    known = sequences.filter(pl.col(TIMESTAMP).list.first() < cutoff)
    cutoff_day = _check_cutoff(sequences, known, cutoff, clock)
    oldest_kept = pl.col(TIMESTAMP).list.filter(pl.element() < cutoff).list.tail(max_events)
    first_day = torch.tensor(known.select(clock.grid(oldest_kept.list.first())).to_numpy()[:, 0])
    end_day = _end_of_learning(float(first_day.min()), cutoff_day, split, clock)
    askable = first_day < end_day - 1.5 * clock.step_days  # a step lies between
    training, validation = split_customers(torch.nonzero(askable).squeeze(1), split)
    until = clock.moment(end_day)
    learners = _as_known_before(until, known[training.tolist()], attributes)
    events = events_before(
        learners, until, attributes=[*attributes.numbers, *attributes.categories]
    )
    _check_target(events, target, until)
    codebook = Codebook.fit(events, learners, attributes=attributes, max_categories=max_categories)
    jagged = make_jagged(
        known,
        codebook=codebook,
        clock=clock,
        target=target,
        cutoff=cutoff,
        max_events=max_events,
    )
    _check_slice(jagged.next_target, end_day, cutoff_day)
    facts = data_facts(jagged, codebook, end_day=end_day, step_days=clock.step_days)
    aside_day = end_day - max(round(split.validation_span * facts.steps), 1) * clock.step_days
    return TrainingData(
        jagged, codebook, facts, training, validation, aside_day, end_day, cutoff_day
    )


def split_customers(rows: Tensor, split: Split) -> tuple[Tensor, Tensor]:
    """Rows for training and for validation, at least one customer each.

    Args:
        rows: Rows of the customers to split.
        split: Share set aside and seed of the draw.

    Raises:
        DataError: If there are fewer than two.
    """
    if len(rows) < 2:
        raise DataError(
            f"[training] {len(rows)} customer(s) were first seen more than a step before the "
            "cutoff, or before the slice that datasets.recalibration_span keeps from training; "
            "training and validation need at least one each. Choose a later training.cutoff or "
            "a shorter slice, or bring more customers."
        )
    order = torch.randperm(len(rows), generator=torch.Generator().manual_seed(split.seed))
    wanted = min(round(len(rows) * split.validation_fraction), split.validation_customers)
    aside = min(max(wanted, 1), len(rows) - 1)
    return rows[order[aside:].sort().values], rows[order[:aside].sort().values]


def _as_known_before(
    moment: datetime, customers: pl.DataFrame, attributes: Attributes
) -> pl.DataFrame:
    """The customers without the attributes that became known at a moment or later."""
    if KNOWN_FROM not in customers.columns:
        return customers
    later = pl.col(KNOWN_FROM) >= moment
    static = [*attributes.static_numbers, *attributes.static_categories]
    return customers.with_columns(
        pl.when(later).then(None).otherwise(pl.col(name)).alias(name) for name in static
    )


def _check_cutoff(
    sequences: pl.DataFrame, known: pl.DataFrame, cutoff: datetime, clock: Clock
) -> float:
    if not clock.is_on_grid(cutoff):
        raise ConfigError(
            f"[training] cutoff {cutoff.isoformat()} lies inside a step of {clock.step_days:g} "
            "days. Choose the start of a step, such as midnight for a step of one day."
        )
    if known.is_empty():
        first = sequences.select(pl.col(TIMESTAMP).list.first().min()).item()
        raise ConfigError(
            f"[training] no customer is known before the cutoff {cutoff.isoformat()}; the first "
            f"event is at {first.isoformat()}. Choose a later cutoff."
        )
    return clock.at(cutoff)


def _end_of_learning(first_day: float, cutoff_day: float, split: Split, clock: Clock) -> float:
    """Grid day from which on nothing is learned, but the scale of recalibration."""
    span = split.recalibration_span
    kept_back = round(span * (cutoff_day - first_day) / clock.step_days)
    if span > 0.0 and not kept_back:
        raise ConfigError(
            f"[datasets] recalibration_span {span:g} of {cutoff_day - first_day:g} days is less "
            f"than a step of {clock.step_days:g} days. Choose a larger share, or 0 for none."
        )
    return cutoff_day - kept_back * clock.step_days


def _check_slice(next_target: Tensor, end_day: float, cutoff_day: float) -> None:
    """An order to recalibrate by, if there is to be recalibration."""
    if end_day < cutoff_day and not ((next_target >= end_day) & (next_target < cutoff_day)).any():
        raise DataError(
            f"[datasets] no known customer ordered in the last {cutoff_day - end_day:g} days "
            "before the cutoff: there is nothing to recalibrate by. Choose a larger "
            "datasets.recalibration_span, or 0 for none."
        )


def _check_target(events: pl.DataFrame, target: str, until: datetime) -> None:
    types = events[EVENT_TYPE].unique().sort().to_list()
    if target not in types:
        raise ConfigError(
            f"[waits] target {target} never occurs before {until.isoformat()}, where learning "
            f"ends; there are {', '.join(types)}. Name one of these, or choose a later "
            "training.cutoff."
        )
