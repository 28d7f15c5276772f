"""Which cell of the calendar an order falls into, on the grid of waits."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor, nn

from seqchurn.datasets.facts import DataFacts
from seqchurn.encoders import GruEncoder
from seqchurn.heads import Weibull
from seqchurn.heads.activity import Activity
from seqchurn.training.wait_model import WaitModel
from seqchurn.waits.wait import Wait

pytestmark = pytest.mark.usefixtures("one_thread")

MONDAY = 18_262.0 - 2.0  # 2019-12-30
HOUR = 1 / 24
MEAN_DAYS = 5.0


class Forgetful(nn.Module):
    """A head whose waits are exponential, whatever the context."""

    def forward(self, context: Tensor) -> Wait:
        size = context.shape[:-1]
        scale = torch.full(size, math.log(MEAN_DAYS), dtype=torch.float64)
        return Weibull(scale, torch.zeros(size, dtype=torch.float64))


def model(step_days: float) -> WaitModel:
    facts = DataFacts(
        event_types=3,
        numbers=0,
        categories=(),
        static_numbers=0,
        static_categories=(),
        shortest_days=step_days,
        longest_days=364.0,
        end_day=MONDAY + 182.0,
        step_days=step_days,
    )
    encoder = GruEncoder(facts, hidden_size=4, embedding_size=2, memories=1, dropout=0.0)
    return WaitModel(encoder, Forgetful(), Activity(facts, levels=0), step_days=step_days)


def step_masses(network: WaitModel, start_day: float, steps: int) -> Tensor:
    """Mass of an order one, two ... steps after a start."""
    start = torch.tensor([start_day], dtype=torch.float64)
    with torch.no_grad():
        wait = network.waits(torch.zeros(1, network.encoder.size), start)
    ends = network.step_days * torch.arange(1, steps + 1, dtype=torch.float64).unsqueeze(1)
    return wait.log_interval(ends - network.step_days, ends).exp().squeeze(1)


def hazards(masses: Tensor) -> list[float]:
    """Active days of each step, by the memory that an exponential wait does not have."""
    alive = 1.0 - torch.cat([torch.zeros(1), masses.cumsum(0)[:-1]])
    found: list[float] = (-MEAN_DAYS * torch.log1p(-masses / alive)).tolist()
    return found


@pytest.mark.parametrize("start", range(7))
def test_an_order_some_days_later_uses_the_cell_of_its_own_day(start: int) -> None:
    network = model(1.0)
    rates = torch.tensor([1.0, 1.1, 1.2, 1.3, 0.9, 1.45, 0.05])  # Monday to Sunday
    with torch.no_grad():
        network.activity.by_weekday.copy_(rates.roll(-3).log() / 3.0)  # 1970-01-01: a Thursday
    shares = 7.0 * rates / rates.sum()
    expected = [shares[(start + later) % 7].item() for later in range(1, 22)]
    found = hazards(step_masses(network, MONDAY + start, 21))
    assert found == pytest.approx(expected, rel=1e-5)


def test_an_order_some_hours_later_uses_the_cell_of_its_own_hour() -> None:
    network = model(HOUR)
    rates = torch.linspace(0.2, 3.0, 24)
    with torch.no_grad():
        network.activity.by_hour.copy_(rates.log() / 3.0)
    shares = 24.0 * rates / rates.sum()
    expected = [HOUR * shares[(9 + later) % 24].item() for later in range(1, 49)]
    found = hazards(step_masses(network, MONDAY + 9 * HOUR, 48))
    assert found == pytest.approx(expected, rel=1e-5)


def test_a_step_of_a_week_passes_all_its_days() -> None:
    network = model(7.0)
    with torch.no_grad():
        network.activity.by_weekday.normal_(std=0.3, generator=torch.Generator().manual_seed(0))
    found = hazards(step_masses(network, MONDAY, 4))
    assert found == pytest.approx([7.0] * 4, rel=1e-6)
