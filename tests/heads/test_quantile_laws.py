"""Laws of quantiles and draws that hold for the waits of every head."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor, nn

from seqchurn.waits.likelihood import landmark_log_likelihood
from seqchurn.waits.wait import LONGEST_DAYS, SHORTEST_DAYS, Wait
from tests.heads.conftest import DrawWaits, assert_close

pytestmark = pytest.mark.usefixtures("one_thread")

WILD = 100.0


@pytest.mark.parametrize("probability", [1e-12, 1e-6, 0.01, 0.1, 0.5, 0.9, 0.999, 1 - 1e-9])
def test_the_quantile_inverts_survival_to_nine_digits(
    probability: float, draw_waits: DrawWaits
) -> None:
    wait = draw_waits(50, size=WILD)
    level = torch.full((1, 50), probability, dtype=torch.float64)

    def over(days: Tensor) -> Tensor:
        """How much more than the level is over by days, in logs of the smaller side."""
        if probability < 0.5:
            return wait.log_interval(torch.zeros_like(days), days) - level.log()
        return torch.log1p(-level) - wait.log_survival(days)

    every = torch.ones(1, 50, dtype=torch.float64)
    rounding = 1e-14 * (1.0 + abs(math.log(1 - probability)))
    for days in (wait.quantile(level), Wait.days_at(wait, torch.log1p(-level))):
        too_early, too_late = days <= 1.001 * SHORTEST_DAYS, days == math.inf
        within_reach = ~(too_early | too_late)
        assert (over(every * 1.001 * SHORTEST_DAYS) >= -rounding)[too_early].all()
        assert (over(every * 0.999 * LONGEST_DAYS) <= 1e-9)[too_late].all()
        assert (over(days * (1 - 1e-9))[within_reach] <= rounding).all()
        assert (over(days * (1 + 1e-9))[within_reach] >= -rounding).all()


def test_most_quantiles_lie_within_reach(draw_waits: DrawWaits) -> None:
    wait = draw_waits(50, size=10.0)
    days = wait.quantile(torch.tensor([[[0.2]], [[0.5]], [[0.7]]]).expand(-1, 1, 50))
    assert ((days > SHORTEST_DAYS) & (days < math.inf)).double().mean() > 0.75


def test_draws_by_the_quantile_are_spread_as_survival_says(draw_waits: DrawWaits) -> None:
    wait, n = draw_waits(6, size=30.0), 1_000
    uniform = torch.rand(n, 1, 6, generator=torch.Generator().manual_seed(3)).double()
    draws = wait.quantile(uniform)
    for days in (0.1, 1.0, 10.0, 100.0, 1_000.0):
        share = (draws > days).double().mean(dim=0)
        expected = wait.log_survival(torch.tensor(days)).exp()
        assert_close(share, expected, atol=4.0 * 0.5 / math.sqrt(n))


@pytest.mark.parametrize("span", [(1.0, 1_000.0)])
def test_a_head_recovers_the_waits_that_were_drawn(head: nn.Module, draw_waits: DrawWaits) -> None:
    n, step, end = 200, 0.25, 2_000.0
    probability = (torch.arange(n, dtype=torch.float64) + 0.5) / n
    truth = draw_waits(1, size=10.0)
    draws = truth.quantile(probability.view(-1, 1, 1)).squeeze(1)  # (n, 1)
    observed = draws <= end
    seen = (draws.clamp(max=end) / step).ceil() * step
    context = torch.ones(1, 1, 6)
    optimizer = torch.optim.Adam(head.parameters(), lr=0.02)
    for _ in range(150):
        optimizer.zero_grad()
        likelihood = landmark_log_likelihood(
            head(context), seen, torch.zeros_like(seen), observed, step_days=step
        )
        (-likelihood.mean()).backward()
        optimizer.step()
    with torch.no_grad():
        found = head(context).log_survival(seen).exp()
    assert_close(found, truth.log_survival(seen).exp(), atol=0.03)


def test_a_quantile_read_before_the_loss_takes_no_gradient_from_it(head: nn.Module) -> None:
    context, days = torch.ones(1, 1, 6), torch.full((1, 1), 3.0, dtype=torch.float64)
    gradients = []
    for reads in (True, False):
        head.zero_grad()
        wait = head(context)
        if reads:
            wait.quantile(torch.full((1, 1), 0.5))
        wait.log_interval(days, 2.0 * days).sum().backward()
        gradients.append([parameter.grad.clone() for parameter in head.parameters()])
    assert all(torch.equal(*pair) for pair in zip(*gradients, strict=True))
