from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import pytest
import torch

from seqchurn.encoders.calendar import DAY_WAVES, WEEK_WAVES, day_waves, week_waves
from seqchurn.waits import Clock


def test_weekdays_have_waves_of_their_own_and_return_every_week() -> None:
    days = 18_262.0 + torch.arange(70, dtype=torch.float64)
    waves = week_waves(days)
    assert waves.shape == (70, WEEK_WAVES)
    torch.testing.assert_close(waves[7:], waves[:-7])
    apart = torch.cdist(waves[:7], waves[:7]) + 10.0 * torch.eye(7)
    assert apart.min() > 1.0
    assert torch.equal(week_waves(days + 0.99), waves)


def test_the_week_starts_on_monday() -> None:
    monday = Clock(1.0).at(datetime(2024, 7, 1, tzinfo=UTC))
    waves = week_waves(torch.tensor([monday], dtype=torch.float64))
    torch.testing.assert_close(waves, torch.tensor([[0.0, 1.0] * 3]))


@pytest.mark.parametrize("steps_a_day", [24, 1_440, 86_400])
def test_midnight_on_a_fine_grid_belongs_to_the_day_it_starts(steps_a_day: int) -> None:
    clock = Clock(1 / steps_a_day)
    first = datetime(2015, 1, 1, tzinfo=UTC)
    midnights = [clock.at(first + timedelta(days=n)) for n in range(5_000)]
    whole = clock.at(first) + torch.arange(5_000, dtype=torch.float64)
    assert torch.equal(week_waves(torch.tensor(midnights).double()), week_waves(whole.round()))


def test_the_time_of_day_goes_round_once_a_day() -> None:
    days = torch.tensor([5.0, 5.25, 5.5, 5.75, 6.0], dtype=torch.float64)
    waves = day_waves(days)
    assert waves.shape == (5, DAY_WAVES)
    expected = torch.tensor([[0.0, 1.0], [1.0, 0.0], [0.0, -1.0], [-1.0, 0.0], [0.0, 1.0]])
    torch.testing.assert_close(waves, expected, atol=1e-6, rtol=0)
    late = day_waves(torch.tensor([18_262.0 + 1 / 3], dtype=torch.float64))
    assert late[0, 0].item() == pytest.approx(math.sin(2 * math.pi / 3), abs=1e-6)
