from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import cast

import numpy as np
import polars as pl
import pytest
import torch
from torch import Tensor, nn

from seqchurn.encoders import Encoder
from seqchurn.errors import ConfigError
from seqchurn.prediction import expected_orders, running_waits
from seqchurn.prediction.carried import carry
from seqchurn.training.fitted_model import FittedModel
from seqchurn.training.wait_model import WaitModel
from seqchurn.waits.wait import Wait
from tests.shop import AS_OF

pytestmark = pytest.mark.usefixtures("one_thread")

MOMENT = datetime.fromisoformat(AS_OF).replace(tzinfo=UTC)


class SameWaits(nn.Module):
    """A network that gives every customer one wait: log survival is -(days / scale) ** shape."""

    def __init__(self, encoder: Encoder, scale: float, shape: float) -> None:
        super().__init__()
        self.encoder, self.scale, self.shape = encoder, scale, shape

    def waits(self, context: Tensor, wait_start: Tensor) -> Wait:
        assert context.shape[:-1] == wait_start.shape
        outer = self

        class Weibull(Wait):
            def log_survival(self, days: Tensor) -> Tensor:
                return -((days.double() / outer.scale) ** outer.shape)

            def log_density(self, days: Tensor) -> Tensor:
                hazard = outer.shape / outer.scale * (days / outer.scale) ** (outer.shape - 1)
                return hazard.log() + self.log_survival(days)

        return Weibull()


def with_waits(model: FittedModel, scale: float, shape: float) -> FittedModel:
    network = cast(WaitModel, SameWaits(model.networks[0].encoder, scale, shape))
    return replace(model, networks=(network,))


def test_orders_that_know_no_past_come_at_their_rate(
    model: FittedModel, sequences: pl.DataFrame
) -> None:
    """By hand: exponential waits give every day an order with 1 - exp(-1 / scale), ever."""
    daily = 1.0 - np.exp(-1.0 / 5.0)
    asked = [1.0, 10.0, 30.0]
    found = expected_orders(with_waits(model, 5.0, 1.0), sequences, MOMENT, asked, paths=64)
    assert found.shape[1] == 3
    np.testing.assert_allclose(found[:, 0], daily, rtol=1e-9)
    # exact but for the days of the first orders, which are drawn, spread evenly
    np.testing.assert_allclose(
        found[:, 1:], found[:, 1:].mean(axis=0).repeat(len(found)).reshape(2, -1).T, rtol=0.03
    )
    np.testing.assert_allclose(found.mean(axis=0), np.array(asked) * daily, rtol=1e-3)


def test_orders_by_the_clock_are_counted_one_by_one(
    model: FittedModel, sequences: pl.DataFrame
) -> None:
    """An order falls on every seventh day after the last; who is overdue begins at once."""
    clockwork = with_waits(model, 6.5, 200.0)
    waits = running_waits(model, sequences, MOMENT)
    found = expected_orders(clockwork, sequences, MOMENT, [7.0, 40.0], paths=2)
    since = waits.as_of_day - waits.start_day.numpy()
    until_first = np.where(since > 7.0, 0.0, 7.0 - since)
    in_time = since <= 7.0  # a wait this sharp, once survived, can hardly be told apart in time
    assert in_time.any()
    by_hand = np.floor((39.0 - until_first) / 7.0) + 1.0
    np.testing.assert_allclose(found[in_time, 1], by_hand[in_time], atol=1e-6)
    np.testing.assert_allclose(found[in_time, 0], 1.0, atol=1e-6)
    np.testing.assert_allclose(found[~in_time, 1], by_hand[~in_time], atol=1e-6)


def test_within_one_step_the_orders_are_the_probability_of_one(
    model: FittedModel, sequences: pl.DataFrame
) -> None:
    probability = running_waits(model, sequences, MOMENT).probability(np.array([1.0, 7.0, 28.0]))
    found = expected_orders(model, sequences, MOMENT, [1.0, 7.0, 28.0], paths=8)
    np.testing.assert_allclose(found[:, 0], probability[:, 0], rtol=1e-5)
    assert (found > probability * (1.0 - 1e-5)).all()
    assert (np.diff(found, axis=1) >= 0).all()
    assert (found[:, 1] > probability[:, 1] + 0.1).any()  # some order more than once


def test_a_drawn_order_is_what_the_model_says_of_a_history_with_that_order(
    model: FittedModel, sequences: pl.DataFrame
) -> None:
    """A drawn order, written into the log, gives the same wait from the next day on."""
    *_, carried = carry(model, sequences, MOMENT).by_network()
    model = carried.model
    ordered = sequences.filter(
        pl.col("customer_id").is_in(carried.customer_ids.implode()),
        pl.col("event_type").list.contains("order"),
        pl.col("timestamp").list.last() < MOMENT,
    )
    days_later = 5
    for row in ordered.head(6).iter_rows(named=True):
        [who] = torch.nonzero(
            torch.from_numpy((carried.customer_ids == row["customer_id"]).to_numpy())
        )
        day = torch.full((1,), carried.as_of_day + days_later, dtype=torch.float64)
        state, start = carried.states[0].take(who), carried.wait_start[who]
        uniform = torch.tensor([0.999])  # the newest of the past orders
        event = carried.past.event(who, uniform, state=state, day=day, wait_start=start)
        [network] = model.networks
        with torch.no_grad():
            stepped = network.encoder.step(state, event)
            wait = network.waits(network.encoder.read(stepped, day + 1.0, day), day)
        copied = max(i for i, kind in enumerate(row["event_type"]) if kind == "order")
        last = row["timestamp"][copied]
        same_time = timedelta(hours=last.hour, minutes=last.minute, seconds=last.second)
        again = {
            name: [*row[name], row[name][copied]] if isinstance(row[name], list) else row[name]
            for name in row
        }
        again["timestamp"][-1] = MOMENT + timedelta(days=days_later) + same_time
        log = pl.DataFrame([again], schema=sequences.schema)
        expected = running_waits(model, log, MOMENT + timedelta(days=days_later + 1))
        assert expected.start_day.tolist() == day.tolist()
        points = torch.tensor([[1.0], [7.0], [50.0]], dtype=torch.float64)
        found, wanted = wait.log_survival(points), expected.wait.log_survival(points)
        torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-6)


def test_expected_orders_are_the_mean_of_what_each_network_expects(
    model: FittedModel, sequences: pl.DataFrame
) -> None:
    first = with_waits(model, 5.0, 1.0)
    both = replace(model, networks=(*first.networks, *with_waits(model, 20.0, 1.0).networks))
    found = expected_orders(both, sequences, MOMENT, [30.0], paths=101)
    alone = [replace(model, networks=(network,)) for network in both.networks]
    each = [expected_orders(m, sequences, MOMENT, [30.0], paths=51) for m in alone]
    np.testing.assert_array_equal(found[:, 0] > each[1][:, 0], True)
    assert found.mean() == pytest.approx(np.mean(each), rel=0.01)
    daily = 1.0 - np.exp(-1.0 / np.array([5.0, 20.0]))
    assert found.mean() == pytest.approx(30.0 * daily.mean(), rel=0.02)


def test_networks_draw_each_its_own_orders(model: FittedModel, sequences: pl.DataFrame) -> None:
    one = with_waits(model, 5.0, 1.0)
    two = replace(one, networks=one.networks * 2)
    alone = expected_orders(one, sequences, MOMENT, [30.0], paths=8)
    both = expected_orders(two, sequences, MOMENT, [30.0], paths=16)
    assert (alone != both).mean() > 0.9
    assert both.mean() == pytest.approx(alone.mean(), rel=0.05)


def test_the_counts_of_a_customer_do_not_depend_on_the_others(
    model: FittedModel, sequences: pl.DataFrame
) -> None:
    def counts(part: pl.DataFrame) -> dict[str, list[float]]:
        found = expected_orders(model, part, MOMENT, [7.0, 28.0], paths=8)
        ids = running_waits(model, part, MOMENT).customer_ids
        return dict(zip(ids, found.tolist(), strict=True))

    whole = counts(sequences)
    for part in (sequences.reverse(), sequences.gather_every(3), sequences.head(1)):
        found = counts(part)
        assert len(found) > 0
        for customer, count in found.items():
            assert count == pytest.approx(whole[customer], rel=1e-6)  # other draws: some percent


def test_the_draws_follow_the_seed(model: FittedModel, sequences: pl.DataFrame) -> None:
    one, again, other = (
        expected_orders(model, sequences, MOMENT, [28.0], paths=4, seed=seed) for seed in (0, 0, 1)
    )
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)
    assert one.mean() == pytest.approx(other.mean(), rel=0.15)


def test_a_count_does_not_depend_on_the_other_horizons(
    model: FittedModel, sequences: pl.DataFrame
) -> None:
    """But for the days of the first orders, which are drawn over the longest one."""
    known, some = with_waits(model, 4.0, 3.0), sequences.head(12)
    short = expected_orders(known, some, MOMENT, [7.0], paths=512)
    with_long = expected_orders(known, some, MOMENT, [7.0, 364.0], paths=512)
    np.testing.assert_allclose(with_long[:, 0], short[:, 0], rtol=0.02)


def test_nobody_known_has_no_counts(model: FittedModel, sequences: pl.DataFrame) -> None:
    early = datetime(2023, 1, 1, tzinfo=UTC)
    assert expected_orders(model, sequences, early, [7.0, 28.0], paths=4).shape == (0, 2)


def test_a_moment_within_a_step_is_refused(model: FittedModel, sequences: pl.DataFrame) -> None:
    with pytest.raises(ConfigError, match="lies inside a step of 1 days"):
        expected_orders(model, sequences, MOMENT.replace(hour=3), [7.0], paths=4)
