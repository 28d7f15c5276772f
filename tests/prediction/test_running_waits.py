from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch
from torch import Tensor

from seqchurn.errors import ConfigError
from seqchurn.prediction import RunningWaits, running_waits
from seqchurn.training.fitted_model import FittedModel
from tests.shop import AS_OF
from tests.weibull import Weibull

START, AS_OF_DAY = torch.tensor([100.0, 107.0, 109.0], dtype=torch.float64), 110.0


@pytest.fixture(params=[(1.0, 1.0), (0.5, 1.0), (30.0, 1.0), (1.0, 0.25), (1.0, 7.0)])
def waits(request: pytest.FixtureRequest) -> RunningWaits:
    """Three customers at once: of some shape, on a grid of some step."""
    shape, step = request.param
    starts = (START / step).floor() * step
    as_of = float(np.floor(AS_OF_DAY / step) * step) + step
    wait = Weibull([1.5, 20.0, 300.0], shape)
    return RunningWaits.of(pl.Series(["a", "b", "c"]), [wait], starts, as_of, step)


def test_a_probability_is_that_of_the_wait_given_what_was_survived() -> None:
    """By hand: exponential waits forget, so an order within 7 days has 1 - exp(-7 / scale)."""
    ids = pl.Series(["a", "b", "c"])
    waits = RunningWaits.of(ids, [Weibull([1.5, 20.0, 300.0], 1.0)], START, 110.0, 1.0)
    assert waits.survived_days.tolist() == [9.0, 2.0, 0.0]  # an order on the day itself may come
    expected = 1 - np.exp(-7.0 / np.array([1.5, 20.0, 300.0]))
    np.testing.assert_allclose(waits.probability(np.array([7.0]))[:, 0], expected, rtol=1e-12)


def test_networks_are_averaged_given_the_quiet_time() -> None:
    """By hand: though the first network hardly believed in the quiet days, both count the same."""
    ids, horizon = pl.Series(["a", "b", "c"]), np.array([7.0])
    networks = [Weibull([0.5, 5.0, 30.0], 1.0), Weibull([50.0, 50.0, 50.0], 1.0)]
    waits = RunningWaits.of(ids, networks, START, 110.0, 1.0)
    scales = np.array([[0.5, 5.0, 30.0], [50.0, 50.0, 50.0]])
    expected = (1.0 - np.exp(-7.0 / scales)).mean(axis=0)
    np.testing.assert_allclose(waits.probability(horizon)[:, 0], expected, rtol=1e-12)
    days = waits.order_day([0.5])[:, 0]
    until, with_it = (waits.probability(days[:, None] - 110.0 + d)[:, 0] for d in (0.0, 1.0))
    assert ((until < 0.5) & (with_it >= 0.5)).all()


def test_horizons_of_all_and_of_each_are_the_same_question(waits: RunningWaits) -> None:
    horizons = waits.step_days * np.array([1.0, 2.0, 30.0])
    of_all = waits.probability(horizons)
    of_each = waits.probability(np.tile(horizons, (3, 1)))
    assert of_all.shape == (3, 3)
    assert np.array_equal(of_all, of_each)
    diagonal = waits.probability(horizons[:, None])
    assert np.array_equal(diagonal[:, 0], np.diag(of_all))


def test_probability_rises_from_nothing_with_the_horizon(waits: RunningWaits) -> None:
    probability = waits.probability(np.array([0.0, 1.0, 7.0, 70.0]) * waits.step_days)
    assert (probability[:, 0] == 0).all()
    assert (np.diff(probability, axis=1) >= 0).all()
    assert (probability <= 1).all()


def test_the_day_of_an_order_is_the_step_in_which_its_probability_is_reached(
    waits: RunningWaits,
) -> None:
    """P(order in [as_of, the step's end)) >= p, and less before the step starts."""
    levels = [0.1, 0.5, 0.9]
    days = waits.order_day(levels)
    assert days.shape == (3, 3)
    assert (days >= waits.as_of_day).all()
    steps = days / waits.step_days
    np.testing.assert_allclose(steps, np.rint(steps), atol=1e-9)
    before = days - waits.as_of_day
    assert (waits.probability(before + waits.step_days) >= np.array(levels) - 1e-9).all()
    assert (waits.probability(before) < levels).all()


def test_every_customer_may_be_asked_for_a_day_of_its_own(waits: RunningWaits) -> None:
    of_all, of_each = waits.order_day([0.1, 0.5, 0.9]), waits.order_day([[0.1], [0.5], [0.9]])
    assert of_each[:, 0].tolist() == np.diag(of_all).tolist()


def test_the_never_mass_grows_with_the_quiet_time() -> None:
    """By hand: 20 % never order; the others, at 1 % a day, are still to come after 9, 2, 0 days."""

    class Leaving(Weibull):
        def log_survival(self, days: Tensor) -> Tensor:
            return torch.log(0.2 + 0.8 * torch.exp(-0.01 * days)) + 0.0 * self.scale

        @property
        def log_never(self) -> Tensor:
            return torch.full_like(self.scale, math.log(0.2))

    ids = pl.Series(["a", "b", "c"])
    waits = RunningWaits.of(ids, [Leaving([1.0, 1.0, 1.0], 1.0)], START, AS_OF_DAY, 1.0)
    still_to_come = 0.8 * np.exp(-0.01 * np.array([9.0, 2.0, 0.0]))
    np.testing.assert_allclose(waits.p_never, 0.2 / (0.2 + still_to_come), rtol=1e-12)
    none = RunningWaits.of(ids, [Weibull([1.0, 1.0, 1.0], 1.0)], START, AS_OF_DAY, 1.0)
    assert none.p_never.tolist() == [0.0, 0.0, 0.0]


def test_an_order_that_is_all_but_there_is_not_in_the_past() -> None:
    sharp = RunningWaits.of(pl.Series(["a"]), [Weibull([1.0], 40.0)], START[:1], AS_OF_DAY, 1.0)
    assert sharp.order_day([0.1, 0.9]).tolist() == [[AS_OF_DAY, AS_OF_DAY]]


def test_everybody_with_an_earlier_event_has_a_wait(
    model: FittedModel, sequences: pl.DataFrame
) -> None:
    as_of = datetime(2024, 2, 1, tzinfo=UTC)
    waits = running_waits(model, sequences, as_of)
    known = sequences.filter(pl.col("timestamp").list.first() < as_of)
    assert 0 < known.height < sequences.height
    assert waits.customer_ids.equals(known["customer_id"])
    assert waits.as_of_day == (as_of - datetime(1970, 1, 1, tzinfo=UTC)).days


def test_a_wait_starts_at_the_last_order_or_at_the_first_event(
    model: FittedModel, sequences: pl.DataFrame
) -> None:
    as_of = datetime.fromisoformat(AS_OF).replace(tzinfo=UTC)
    waits = running_waits(model, sequences, as_of)
    for customer, start in zip(waits.customer_ids, waits.start_day.tolist(), strict=True):
        row = sequences.row(by_predicate=pl.col("customer_id") == customer, named=True)
        events = list(zip(row["timestamp"], row["event_type"], strict=True))
        orders = [t for t, kind in events if kind == "order" and t < as_of]
        begun = max(orders) if orders else events[0][0]
        assert start == (begun - datetime(1970, 1, 1, tzinfo=UTC)).days


def test_nobody_known_gives_no_waits(model: FittedModel, sequences: pl.DataFrame) -> None:
    waits = running_waits(model, sequences, datetime(2023, 1, 1, tzinfo=UTC))
    assert len(waits.customer_ids) == 0
    assert waits.probability(np.array([7.0, 28.0])).shape == (0, 2)
    assert waits.order_day([0.1, 0.5]).shape == (0, 2)


def test_attributes_that_come_later_are_as_if_there_were_none(
    model: FittedModel, sequences: pl.DataFrame
) -> None:
    as_of = datetime.fromisoformat(AS_OF).replace(tzinfo=UTC)

    def probability(known_from: datetime | None, **values: Any) -> np.ndarray[Any, Any]:
        known = pl.lit(known_from).cast(pl.Datetime("us", "UTC")).alias("known_from")
        attributes = [pl.lit(v).cast(sequences.schema[n]).alias(n) for n, v in values.items()]
        changed = sequences.with_columns(known, *attributes)
        return running_waits(model, changed, as_of).probability(np.array([28.0]))

    none = probability(None, age=None, country=None)
    for later in (as_of, as_of + timedelta(days=9)):  # the moment itself is not seen
        assert np.array_equal(probability(later, age=30.0, country="de"), none)
    just_before = as_of - timedelta(seconds=1)
    assert not np.array_equal(probability(just_before, age=30.0, country="de"), none)


def test_a_moment_within_a_step_is_refused(model: FittedModel, sequences: pl.DataFrame) -> None:
    noon = datetime(2024, 6, 15, 12, tzinfo=UTC)
    with pytest.raises(ConfigError, match=r"12:00:00\+00:00 lies inside a step of 1 days. Choos"):
        running_waits(model, sequences, noon)


def test_old_events_beyond_the_limit_are_not_read(
    model: FittedModel, sequences: pl.DataFrame, tmp_path: Path
) -> None:
    as_of = datetime.fromisoformat(AS_OF).replace(tzinfo=UTC)
    short = replace(model, max_events=3)
    one, all_of_them = (running_waits(m, sequences, as_of) for m in (short, model))
    assert one.start_day.equal(all_of_them.start_day)  # the last order is known all the same
    horizon = np.array([28.0])
    assert not np.array_equal(one.probability(horizon), all_of_them.probability(horizon))
