from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest

from seqchurn.errors import DataError
from seqchurn.prediction import (
    Explanation,
    Moment,
    explain_change,
    running_waits,
    survival_curve,
)
from seqchurn.tracking import connect, find_model, open_model
from seqchurn.training.fitted_model import FittedModel
from tests.shop import Opened

FIRST, SECOND = datetime(2024, 6, 1, tzinfo=UTC), datetime(2024, 6, 15, tzinfo=UTC)
CHURN_DAYS = 28.0


@pytest.fixture(scope="module")
def model(whole_way: Opened) -> FittedModel:
    connect(whole_way.store)
    return open_model(find_model("shop", None)).model


@pytest.fixture(scope="module")
def other(model: FittedModel) -> FittedModel:
    """Another model: one network of the two."""
    return replace(model, networks=model.networks[:1])


def between(start: datetime, end: datetime) -> pl.Expr:
    times = pl.col("timestamp").list.eval(pl.element().is_between(start, end, closed="left"))
    return times.list.sum()


@pytest.fixture(scope="module")
def customer(whole_way: Opened) -> pl.DataFrame:
    """Somebody who did several things between the moments, and later."""
    sequences = whole_way.table("sequences").scan().collect()
    known = sequences.filter(pl.col("timestamp").list.first() < FIRST)
    busy = known.filter(between(FIRST, SECOND) >= 3)
    return busy.sort("customer_id").head(1)


def risk(model: FittedModel, sequences: pl.DataFrame, as_of: datetime) -> float:
    waits = running_waits(model, sequences, as_of)
    return float(1.0 - waits.probability(np.array([CHURN_DAYS]))[0, 0])


def changes(explanation: Explanation, reason: str) -> list[float]:
    return explanation.parts.filter(pl.col("reason") == reason)["change"].to_list()


def test_the_parts_add_up_to_the_change_of_what_was_published(
    model: FittedModel, other: FittedModel, customer: pl.DataFrame
) -> None:
    found = explain_change(
        customer, Moment(FIRST, other), Moment(SECOND, model), horizon_days=CHURN_DAYS
    )
    assert found.before == pytest.approx(risk(other, customer, FIRST), abs=1e-6)
    assert found.after == pytest.approx(risk(model, customer, SECOND), abs=1e-6)
    total = found.after - found.before
    assert found.parts["change"].sum() == pytest.approx(total, abs=1e-12)
    assert all(len(changes(found, r)) == 1 for r in ("time passed", "events together", "new model"))


def cut(customer: pl.DataFrame, kept: Any) -> pl.DataFrame:
    """The customer with some of the events only, taken out by hand."""
    lists = [name for name, dtype in customer.schema.items() if dtype == pl.List]
    scalars = [name for name in customer.columns if name not in lists]
    left = customer.explode(lists).with_row_index("i").filter(kept).drop("i")
    return left.group_by(scalars, maintain_order=True).agg(lists).select(customer.columns)


def test_each_part_is_what_it_says(
    model: FittedModel, other: FittedModel, customer: pl.DataFrame
) -> None:
    found = explain_change(
        customer, Moment(FIRST, other), Moment(SECOND, model), horizon_days=CHURN_DAYS
    )
    old = cut(customer, pl.col("timestamp") < FIRST)
    waited, informed = risk(other, old, SECOND), risk(other, customer, SECOND)
    [time_passed], [new_model] = changes(found, "time passed"), changes(found, "new model")
    assert time_passed == pytest.approx(waited - risk(other, old, FIRST), abs=1e-6)
    assert new_model == pytest.approx(risk(model, customer, SECOND) - informed, abs=1e-6)
    events = found.parts.filter(pl.col("reason") == "event")
    times = customer["timestamp"].item()
    new = [i for i, time in enumerate(times) if FIRST <= time < SECOND]
    assert events["timestamp"].to_list() == [times[i] for i in new]
    assert events["event_type"].to_list() == [customer["event_type"].item()[i] for i in new]
    shares = [informed - risk(other, cut(customer, pl.col("i") != i), SECOND) for i in new]
    assert events["change"].to_list() == pytest.approx(shares, abs=1e-6)


def test_where_nothing_happened_only_time_has_passed(model: FittedModel, whole_way: Opened) -> None:
    sequences = whole_way.table("sequences").scan().collect()
    quiet = sequences.filter(
        pl.col("timestamp").list.first() < FIRST, between(FIRST, SECOND) == 0
    ).head(1)
    found = explain_change(
        quiet, Moment(FIRST, model), Moment(SECOND, model), horizon_days=CHURN_DAYS
    )
    assert changes(found, "event") == []
    assert changes(found, "events together") == pytest.approx([0.0], abs=1e-9)
    assert changes(found, "new model") == pytest.approx([0.0], abs=1e-9)
    assert changes(found, "time passed") == pytest.approx([found.after - found.before])


def test_who_was_not_known_has_no_change_to_explain(
    model: FittedModel, customer: pl.DataFrame
) -> None:
    first = customer["timestamp"].item()[0].replace(hour=0, minute=0, second=0)
    with pytest.raises(DataError, match="has no event before .*there was no score to move. Choose"):
        explain_change(customer, Moment(first, model), Moment(SECOND, model), horizon_days=28.0)


def test_a_survival_curve_starts_at_one_and_ends_at_the_risk(
    model: FittedModel, customer: pl.DataFrame
) -> None:
    curve = survival_curve(customer, Moment(SECOND, model), days=CHURN_DAYS)
    assert curve["day"].to_list() == [SECOND + timedelta(days=day) for day in range(29)]
    assert curve["survival"][0] == 1.0
    assert (curve["survival"].diff().drop_nulls() <= 0.0).all()
    assert curve["survival"][-1] == pytest.approx(risk(model, customer, SECOND))
