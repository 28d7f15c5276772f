"""The hazard scale against hand, peer and a log whose rate has changed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from scipy.optimize import minimize_scalar

from seqchurn.datasets.codebook import Attributes
from seqchurn.datasets.training_data import Split, TrainingData, training_data
from seqchurn.errors import ConfigError, DataError
from seqchurn.heads import Weibull
from seqchurn.training.recalibration import most_likely_scale, recalibrate
from seqchurn.training.wait_model import WaitModel
from seqchurn.waits.clock import Clock
from seqchurn.waits.scaled_hazard import ScaledHazard
from seqchurn.waits.wait import Wait
from tests.training.fitting import ASKING, distance, fresh, run

pytestmark = [
    pytest.mark.usefixtures("one_thread"),
    pytest.mark.filterwarnings("ignore:.*treespec, LeafSpec:FutureWarning"),  # Lightning's own
    pytest.mark.filterwarnings("ignore:.*does not have many workers"),
]


class Steady(WaitModel):
    """A network that gives everybody exponential waits."""

    mean_days = 10.0

    def waits(self, context: torch.Tensor, wait_start: torch.Tensor) -> Wait:
        scale = torch.full_like(wait_start, np.log(self.mean_days))
        wait = Weibull(scale, torch.zeros_like(wait_start))
        return wait if self.hazard_scale == 1.0 else ScaledHazard(wait, self.hazard_scale)


def steady(data: TrainingData, mean_days: float = 10.0) -> WaitModel:
    made = fresh(data)
    network = Steady(made.encoder, made.head, made.activity, step_days=1.0)
    network.mean_days = mean_days
    return network


@pytest.fixture
def log_of(sequences_of: Callable[..., Any], start: datetime) -> Callable[..., TrainingData]:
    """Sixty customers with an order in 10 days, and in the last fifth of 250 days one in 5."""

    def draw(
        *, span: float = 0.2, orders_until: float = 300.0, after: str = "order"
    ) -> TrainingData:
        rng = np.random.default_rng(1)
        log = {}
        for i in range(60):
            slow, fast = (
                rng.uniform(0, 200, rng.poisson(20)),
                rng.uniform(200, 300, rng.poisson(20)),
            )
            days = sorted([0.0, *slow, *fast])
            log[f"c{i:02}"] = [
                (float(day), "order" if day < 200 or i % 2 else after)
                for day in days
                if day < orders_until
            ]
        return training_data(
            sequences_of(log),
            cutoff=start + timedelta(days=250),
            clock=Clock(1.0),
            target="order",
            attributes=Attributes(),
            limits=(1_000, 10),
            split=Split(0.25, 1_000, 0.15, span, 0),
        )

    return draw


def test_the_scale_of_exponential_waits_is_orders_by_hazard() -> None:
    """By hand: in steps short against the wait, orders over the hazard that passed."""
    ordering = torch.cat([torch.full((30,), 1e-6), torch.zeros(10)]).double()
    found = most_likely_scale(torch.full((40,), 0.5).double(), ordering)
    assert found.item() == pytest.approx(30 / 20, rel=1e-5)


@pytest.mark.parametrize("size", [0.05, 1.0])
def test_the_scale_is_where_the_likelihood_is_highest(size: float) -> None:
    rng = np.random.default_rng(0)
    quiet, ordering = rng.exponential(1.0, 200), rng.exponential(size, 200)
    ordering[:80] = 0.0

    def loss(log_scale: float) -> float:
        scale, came = np.exp(log_scale), ordering[80:]
        return float(scale * quiet.sum() - np.log(-np.expm1(-scale * came)).sum())

    peer = minimize_scalar(loss, bounds=(-3.0, 3.0), method="bounded", options={"xatol": 1e-9})
    found = most_likely_scale(torch.from_numpy(quiet), torch.from_numpy(ordering))
    assert found.item() == pytest.approx(np.exp(peer.x), rel=1e-6)


def test_learning_ends_where_the_slice_begins(log_of: Callable[..., TrainingData]) -> None:
    data, whole = log_of(), log_of(span=0.0)
    first = float(data.jagged.grid.min())
    assert data.cutoff_day == whole.cutoff_day == whole.end_day
    assert data.end_day == data.cutoff_day - round(0.2 * (data.cutoff_day - first))
    assert data.facts.end_day == data.end_day
    assert data.aside_day < data.end_day


def test_orders_twice_as_frequent_after_training_double_the_hazard(
    log_of: Callable[..., TrainingData],
) -> None:
    data = log_of()
    network = steady(data)
    recalibrate(network, data, replace(ASKING, landmarks=40), seed=0)
    assert network.hazard_scale.item() == pytest.approx(2.0, rel=0.1)


def test_a_recalibrated_network_says_so_of_every_wait(log_of: Callable[..., TrainingData]) -> None:
    data = log_of()
    network = fresh(data).eval()
    context, start = torch.zeros(3, network.encoder.size), torch.full((3,), data.end_day).double()
    days = torch.tensor([[1.0], [30.0]]).double()
    with torch.no_grad():
        before = network.waits(context, start).log_survival(days)
        recalibrate(network, data, ASKING, seed=0)
        after = network.waits(context, start).log_survival(days)
    assert network.hazard_scale.item() != 1.0
    torch.testing.assert_close(after, before * network.hazard_scale)


def test_a_slice_without_orders_is_told(log_of: Callable[..., TrainingData]) -> None:
    with pytest.raises(DataError, match=r"ordered in the last 50 days .*recalibration_span, or 0"):
        log_of(orders_until=199.0)


def test_a_slice_that_is_shorter_than_a_step_is_told(log_of: Callable[..., TrainingData]) -> None:
    with pytest.raises(ConfigError, match=r"recalibration_span 0.001 of 250 days is less than a s"):
        log_of(span=0.001)


def test_a_slice_unlike_all_before_is_told(log_of: Callable[..., TrainingData]) -> None:
    data = log_of()
    network = steady(data, mean_days=1e4)
    with pytest.raises(DataError, match=r"last 50 days .* more than 20 times as often, or as seld"):
        recalibrate(network, data, ASKING, seed=0)


def test_nothing_but_the_scale_is_learned_from_the_slice(
    log_of: Callable[..., TrainingData], tmp_path: Path
) -> None:
    """Orders of the slice, and event types seen there first, change no weight and no code."""
    one, other = log_of(), log_of(after="refund")
    assert one.codebook == other.codebook
    assert one.facts == other.facts
    assert not torch.equal(one.jagged.next_target, other.jagged.next_target)
    (_, weights, told), (_, same, heard) = (
        run(data, tmp_path / name) for name, data in (("one", one), ("other", other))
    )
    assert told == heard
    assert distance(weights, same) == 0


def test_recalibrating_once_more_changes_nothing(log_of: Callable[..., TrainingData]) -> None:
    data = log_of()
    network = steady(data)
    for _ in range(2):
        recalibrate(network, data, ASKING, seed=0)
        assert network.hazard_scale.item() == pytest.approx(2.0, rel=0.25)
