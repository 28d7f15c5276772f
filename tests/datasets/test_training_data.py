from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import polars as pl
import pytest
import torch

from seqchurn.datasets.codebook import Attributes
from seqchurn.datasets.training_data import Split, TrainingData, split_customers, training_data
from seqchurn.errors import ConfigError, DataError
from seqchurn.waits import Clock

Make = Callable[..., Any]
FIRST_DAY = 18_262.0


def made(
    sequences: pl.DataFrame, cutoff: datetime, *, attributes: Attributes | None = None, **other: Any
) -> TrainingData:
    given = {
        "clock": Clock(1.0),
        "target": "order",
        "limits": (100, 10),
        "split": Split(0.25, 1_000, 0.15, 0.0, 0),
    }
    read = attributes or Attributes()
    return training_data(sequences, cutoff=cutoff, attributes=read, **{**given, **other})


@pytest.fixture(scope="module")
def log() -> dict[str, list[tuple[float, str]]]:
    """Eight customers who order every c days, one first seen on day 9 and one on day 12."""
    log = {f"c{c}": [(float(day), "order") for day in range(0, 20, c)] for c in range(1, 9)}
    return {**log, "last day": [(9.5, "view")], "late": [(12.0, "order")]}


def test_customers_split_into_two_parts_that_a_seed_decides() -> None:
    rows = torch.arange(3, 103)
    training, validation = split_customers(rows, Split(0.2, 1_000, 0.15, 0.0, seed=1))
    assert len(validation) == 20
    assert sorted([*training.tolist(), *validation.tolist()]) == rows.tolist()
    again, other = (split_customers(rows, Split(0.2, 1_000, 0.15, 0.0, seed=s))[1] for s in (1, 2))
    assert torch.equal(validation, again)
    assert not torch.equal(validation, other)


@pytest.mark.parametrize("fraction", [0.001, 0.999])
def test_both_parts_have_a_customer_whatever_the_fraction(fraction: float) -> None:
    for part in split_customers(torch.arange(2), Split(fraction, 1_000, 0.15, 0.0, 0)):
        assert len(part) == 1


def test_customers_first_seen_in_the_last_step_are_known_but_neither_train_nor_validate(
    log: dict[str, Any], sequences_of: Make, start: datetime
) -> None:
    data = made(sequences_of(log), start + timedelta(days=10))
    assert data.end_day == FIRST_DAY + 10
    assert data.jagged.customer_ids.to_list() == [c for c in log if c != "late"]
    assert sorted([*data.training.tolist(), *data.validation.tolist()]) == list(range(8))
    assert data.facts.shortest_days == 1.0
    assert data.facts.longest_days == 10.0


def test_codes_and_scales_are_those_of_the_customers_who_train_and_of_what_was_known(
    log: dict[str, Any], sequences_of: Make, start: datetime
) -> None:
    cutoff = start + timedelta(days=10)
    names = [[c if day < 10 else "future" for day, _ in events] for c, events in log.items()]
    sequences = sequences_of(log, shop=names, town=list(log)).with_columns(
        known_from=pl.when(pl.col("customer_id") < "c4").then(pl.lit(start)).otherwise(cutoff)
    )
    attributes = Attributes(categories=["shop"], static_categories=["town"])
    data = made(sequences, cutoff, attributes=attributes)
    trained = sorted(data.jagged.customer_ids.gather(data.training.tolist()))
    assert list(data.codebook.categories["shop"]) == trained
    assert list(data.codebook.static_categories["town"]) == [c for c in trained if c < "c4"]
    assert data.facts.categories == (len(trained) + 2,)


def test_a_cutoff_inside_a_step_is_refused(
    log: dict[str, Any], sequences_of: Make, start: datetime
) -> None:
    with pytest.raises(ConfigError, match="2020-01-11T06:00.* lies inside a step of 1 days.*mid"):
        made(sequences_of(log), start + timedelta(days=10, hours=6))


def test_a_cutoff_before_the_first_event_is_refused(
    log: dict[str, Any], sequences_of: Make, start: datetime
) -> None:
    with pytest.raises(ConfigError, match="no customer is known before.*first event is at 2020"):
        made(sequences_of(log), start)


def test_a_target_that_never_occurred_is_refused(
    log: dict[str, Any], sequences_of: Make, start: datetime
) -> None:
    with pytest.raises(ConfigError, match="target purchase never occurs before.*there are order"):
        made(sequences_of(log), start + timedelta(days=10), target="purchase")


def test_a_single_customer_who_can_be_asked_is_refused(sequences_of: Make, start: datetime) -> None:
    sequences = sequences_of({"a": [(0.0, "order")], "last day": [(4.5, "order")]})
    with pytest.raises(DataError, match=r"1 customer\(s\) were first seen more than a step before"):
        made(sequences, start + timedelta(days=5))


def test_no_more_customers_are_set_aside_than_needed_to_tell_epochs_apart() -> None:
    training, validation = split_customers(torch.arange(1_000), Split(0.15, 40, 0.15, 0.0, seed=0))
    assert (len(training), len(validation)) == (960, 40)
