from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal, localcontext
from statistics import NormalDist
from typing import Any

import pytest
import torch
from torch import nn

from seqchurn.heads import (
    HEADS,
    HazardGrid,
    HazardGridHead,
    LogLogisticMixture,
    LogNormalMixture,
    Weibull,
)
from tests.heads.conftest import VARIANTS

pytestmark = pytest.mark.usefixtures("one_thread")

MakeHead = Callable[[int, float, float], nn.Module]


def test_every_head_has_a_config_and_every_config_a_head() -> None:
    assert {config.model_dump()["kind"] for config in VARIANTS.values()} == HEADS.keys()


def test_days_of_an_axis_more_read_every_wait_at_every_day(make: MakeHead) -> None:
    wait = make(3, 1.0, 100.0)(torch.randn(4, 5, 3))
    days = torch.tensor([1.0, 7.0, 30.0]).view(3, 1, 1)
    found = wait.log_survival(days)
    assert found.shape == wait.log_density(days).shape == (3, 4, 5)
    assert wait.log_interval(days, 2.0 * days).shape == (3, 4, 5)
    assert wait.days_at(-0.1 * days.double()).shape == (3, 4, 5)
    assert wait.log_never.shape == (4, 5)
    assert found.dtype == torch.float64
    for i, day in enumerate((1.0, 7.0, 30.0)):
        assert torch.equal(found[i], wait.log_survival(torch.full((4, 5), day)))


def test_a_fresh_head_waits_within_the_span_of_interest(make: MakeHead) -> None:
    with torch.no_grad():
        median = make(3, 1.0, 1_000.0)(torch.randn(1, 50, 3)).quantile(torch.full((1, 50), 0.5))
    assert (median > 10.0).all()
    assert (median < 100.0).all()


def test_weibull_waits_by_hand() -> None:
    wait = Weibull(torch.tensor([[math.log(10.0)]]).double(), torch.tensor([[math.log(2.0)]]))
    assert wait.log_survival(torch.tensor([[5.0]])).item() == pytest.approx(-0.25)
    density = 2.0 / 10.0 * 0.5 * math.exp(-0.25)
    assert wait.log_density(torch.tensor([[5.0]])).item() == pytest.approx(math.log(density))
    assert wait.quantile(torch.tensor([[1 - math.exp(-4.0)]])).item() == pytest.approx(20.0)


def test_a_mixture_of_two_log_logistic_waits_by_hand() -> None:
    parameters = [[0.3, 0.7], [2.0, 50.0], [1.0, 3.0]]
    wait = LogLogisticMixture(*(torch.tensor([[p]]).double().log() for p in parameters))
    survival = 0.3 / (1 + 10 / 2) + 0.7 / (1 + (10 / 50) ** 3)
    days = torch.tensor([[10.0]])
    assert wait.log_survival(days).item() == pytest.approx(math.log(survival))
    first = 0.3 * (1 / 2) / (1 + 10 / 2) ** 2
    second = 0.7 * (3 / 50) * (10 / 50) ** 2 / (1 + (10 / 50) ** 3) ** 2
    assert wait.log_density(days).item() == pytest.approx(math.log(first + second))


def tensors(*values: list[float]) -> list[torch.Tensor]:
    """Logarithms as parameters of one wait, each of shape (1, 1, K)."""
    return [torch.tensor([[value]], dtype=torch.float64).log() for value in values]


def at(days: float) -> torch.Tensor:
    return torch.tensor([[days]], dtype=torch.float64)


def test_a_log_normal_mixture_with_both_ends_by_hand() -> None:
    *parameters, ends = tensors([0.3, 0.4], [2.0, 50.0], [1.0, 3.0], [0.1, 0.2])
    wait = LogNormalMixture(*parameters, at_once=ends[..., 0], never=ends[..., 1])
    first, second = NormalDist(), NormalDist(math.log(50.0), 1 / 3.0)
    z, later = math.log(10 / 2), math.log(10)
    between = 0.3 * first.cdf(-z) + 0.4 * (1 - second.cdf(later))
    assert wait.log_survival(at(10.0)).item() == pytest.approx(math.log(between + 0.2))
    density = (0.3 * first.pdf(z) + 0.4 * second.pdf(later)) / 10
    assert wait.log_density(at(10.0)).item() == pytest.approx(math.log(density))
    assert wait.log_interval(at(0.0), at(10.0)).exp().item() == pytest.approx(0.8 - between)
    after = wait.log_interval(at(2e-9), at(10.0)).exp().item()
    assert after == pytest.approx(0.7 - between)  # what comes at once is over
    assert wait.log_never.exp().item() == pytest.approx(0.2)


@pytest.mark.parametrize("mixture", [LogLogisticMixture, LogNormalMixture])
def test_quantiles_of_the_ends_are_at_once_and_never(mixture: type[LogNormalMixture]) -> None:
    *parameters, ends = tensors([0.5, 0.2], [2.0, 50.0], [1.0, 3.0], [0.1, 0.2])
    wait = mixture(*parameters, at_once=ends[..., 0], never=ends[..., 1])
    assert wait.quantile(at(0.0999)).item() == pytest.approx(1e-9)
    assert wait.quantile(at(0.1001)).item() > 1e-9
    assert wait.quantile(at(0.7999)).item() < math.inf
    assert wait.quantile(at(0.8001)).item() == math.inf
    alive = wait.log_survival(at(30.0)).exp().item()
    rest = wait.given_quiet(at(30.0))
    assert rest.log_never.exp().item() == pytest.approx(0.2 / alive)
    assert rest.quantile(at(1 - 0.2 / alive - 1e-4)).item() < math.inf
    assert rest.quantile(at(1 - 0.2 / alive + 1e-4)).item() == math.inf


def test_a_hazard_grid_by_hand() -> None:
    hazards, exponent = tensors([0.1, 0.02], [0.5])
    wait = HazardGrid(torch.tensor([1.0, 11.0]), hazards, exponent[..., 0])
    in_bins, in_tail = 0.1 + 0.02 * 4.0, 0.1 + 0.02 * 10.0 + 0.5 * math.log(44.0 / 11.0)
    assert wait.log_survival(at(5.0)).item() == pytest.approx(-in_bins)
    assert wait.log_survival(at(44.0)).item() == pytest.approx(-in_tail)
    assert wait.log_density(at(1.0)).item() == pytest.approx(math.log(0.1) - 0.1)
    assert wait.log_density(at(5.0)).item() == pytest.approx(math.log(0.02) - in_bins)
    assert wait.log_density(at(44.0)).item() == pytest.approx(math.log(0.5 / 44.0) - in_tail)
    mass = math.exp(-in_bins) - math.exp(-in_tail)
    assert wait.log_interval(at(5.0), at(44.0)).exp().item() == pytest.approx(mass)
    for days in (0.5, 1.0, 5.0, 11.0, 44.0):
        assert wait.days_at(wait.log_survival(at(days))).item() == pytest.approx(days, rel=1e-12)


def test_bins_of_a_hazard_grid_that_no_order_reaches_go_on_like_the_last_that_some_did() -> None:
    torch.manual_seed(0)
    head = HazardGridHead(2, shortest_days=1.0, longest_days=1e4, bins=16, hidden_size=8)
    context, end = torch.ones(1, 1, 2), at(100.0)
    draws = torch.linspace(0.5, 99.5, 50, dtype=torch.float64).view(-1, 1)
    optimizer = torch.optim.Adam(head.parameters(), lr=0.02)
    for _ in range(100):
        optimizer.zero_grad()
        wait = head(context)
        (-wait.log_density(draws).mean() - wait.log_survival(end).mean()).backward()
        optimizer.step()
    with torch.no_grad():
        per_log_day = head(context).hazard[0, 0] * head(context).cuts
    later = per_log_day[head(context).cuts > 200.0]
    assert (later / later[0]).log().abs().max() < 0.2
    assert (later[0] / per_log_day[2]).log().abs() > 1.0  # it has learned something


@pytest.mark.parametrize("days", [1.0, 10_000.0])
def test_the_mass_of_one_second_is_exact(days: float) -> None:
    start, end = days - 1 / 86_400, days
    with localcontext() as context:
        context.prec = 60

        def survival(at: float) -> Decimal:
            return 1 / (1 + (Decimal(at) / 2) ** Decimal("1.5"))

        def survival_of_weibull(at: float) -> Decimal:
            return (-((Decimal(at) / 2) ** Decimal("0.25"))).exp()

        expected = float((survival(start) - survival(end)).ln())
        of_weibull = float((survival_of_weibull(start) - survival_of_weibull(end)).ln())
    *_, scale, shape, flat = tensors([2.0], [1.5], [0.25])
    wait = LogLogisticMixture(torch.zeros(1, 1, 1), scale, shape)
    assert wait.log_interval(at(start), at(end)).item() == pytest.approx(expected, rel=1e-14)
    weibull = Weibull(scale[..., 0], flat[..., 0])
    assert weibull.log_interval(at(start), at(end)).item() == pytest.approx(of_weibull, rel=1e-14)


def test_the_parameters_of_a_weibull_are_recovered_from_draws() -> None:
    log_scale, log_shape = torch.tensor([[math.log(20.0)]]), torch.tensor([[math.log(0.7)]])
    draws = Weibull(log_scale, log_shape).quantile(evenly(1_000))
    found = fitted(Weibull, draws, [torch.zeros(1, 1), torch.zeros(1, 1)])
    assert found[0].exp().item() == pytest.approx(20.0, rel=0.03)
    assert found[1].exp().item() == pytest.approx(0.7, rel=0.03)


def test_the_parameters_of_a_log_logistic_are_recovered_from_draws() -> None:
    truth = [torch.zeros(1, 1, 1), torch.tensor([[[math.log(5.0)]]]), torch.tensor([[[0.9]]])]
    draws = LogLogisticMixture(*truth).quantile(evenly(1_000))

    def one(log_scale: torch.Tensor, log_shape: torch.Tensor) -> LogLogisticMixture:
        return LogLogisticMixture(truth[0], log_scale, log_shape)

    found = fitted(one, draws, [torch.zeros(1, 1, 1), torch.zeros(1, 1, 1)])
    assert found[0].exp().item() == pytest.approx(5.0, rel=0.03)
    assert found[1].item() == pytest.approx(0.9, abs=0.03)


def test_the_parameters_of_a_mixture_are_recovered_from_draws() -> None:
    weights, scales, shapes = [0.3, 0.7], [2.0, 60.0], [3.0, 4.0]
    truth = [torch.tensor([[p]]).double().log() for p in (weights, scales, shapes)]
    draws = LogLogisticMixture(*truth).quantile(evenly(1_000))

    def two(logit: torch.Tensor, log_scale: torch.Tensor, log_shape: torch.Tensor) -> Any:
        return LogLogisticMixture(logit.log_softmax(dim=-1), log_scale, log_shape)

    spread = torch.tensor([[[0.0, 5.0]]])
    found = fitted(two, draws, [torch.zeros(1, 1, 2), spread, torch.zeros(1, 1, 2)])
    assert found[0].softmax(-1).flatten().tolist() == pytest.approx(weights, rel=0.05)
    assert found[1].exp().flatten().tolist() == pytest.approx(scales, rel=0.05)
    assert found[2].exp().flatten().tolist() == pytest.approx(shapes, rel=0.05)


def evenly(n: int) -> torch.Tensor:
    """Probabilities of n evenly spread draws."""
    return ((torch.arange(n, dtype=torch.float64) + 0.5) / n).unsqueeze(1)


def fitted(make: Any, draws: torch.Tensor, first: list[torch.Tensor]) -> list[torch.Tensor]:
    """Parameters of the highest likelihood, by quasi-Newton steps from the first ones."""
    parameters = [p.double().requires_grad_() for p in first]
    optimizer = torch.optim.LBFGS(parameters, max_iter=100, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        optimizer.zero_grad()
        value: torch.Tensor = -make(*parameters).log_density(draws).mean()
        value.backward()
        return value

    optimizer.step(loss)
    return [p.detach() for p in parameters]
