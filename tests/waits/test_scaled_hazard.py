from __future__ import annotations

import math

import pytest
import torch

from seqchurn.heads import Weibull
from seqchurn.waits.scaled_hazard import ScaledHazard

pytestmark = pytest.mark.usefixtures("one_thread")

SCALES = [0.05, 0.5, 1.0, 20.0]


def exponential(mean_days: float) -> Weibull:
    return Weibull(torch.tensor([math.log(mean_days)], dtype=torch.float64), torch.zeros(1))


def scaled(scale: float) -> ScaledHazard:
    return ScaledHazard(exponential(10.0), torch.tensor(scale, dtype=torch.float64))


@pytest.mark.parametrize("scale", SCALES)
def test_a_scaled_exponential_wait_is_an_exponential_wait(scale: float) -> None:
    """By hand: a hazard of scale / 10 a day, from a hazard passed of 1e-10 to one of 20,000."""
    found, expected = scaled(scale), exponential(10.0 / scale)
    start = torch.logspace(-9, 4, 40, dtype=torch.float64).unsqueeze(1)
    torch.testing.assert_close(found.log_survival(start), expected.log_survival(start))
    torch.testing.assert_close(found.log_density(start), expected.log_density(start))
    for end in (start * (1 + 1e-6), 1.5 * start, start + 700.0, start + 1e5, start + math.inf):
        masses = found.log_interval(start, end), expected.log_interval(start, end)
        torch.testing.assert_close(*masses, rtol=1e-9, atol=1e-9)
    for level in (1e-9, 0.1, 0.9, 1 - 1e-9):
        asked = torch.tensor([level], dtype=torch.float64)
        torch.testing.assert_close(
            found.quantile(asked), expected.quantile(asked), rtol=1e-8, atol=0
        )


@pytest.mark.parametrize("scale", SCALES)
def test_scaling_and_conditioning_on_quiet_time_commute(scale: float) -> None:
    quiet = torch.tensor([12.0]).double()
    days = torch.linspace(0.0, 100.0, 21, dtype=torch.float64).unsqueeze(1)
    one = ScaledHazard(
        exponential(10.0).given_quiet(quiet), torch.tensor(scale, dtype=torch.float64)
    )
    torch.testing.assert_close(
        one.log_survival(days), scaled(scale).given_quiet(quiet).log_survival(days)
    )
