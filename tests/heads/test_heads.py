from __future__ import annotations

import math
from typing import Any

import pytest
import torch

from seqchurn.heads import HEADS, LogLogisticMixture, Weibull, make_head

pytestmark = pytest.mark.usefixtures("one_thread")


def test_every_head_has_a_config_and_every_config_a_head(
    head_options: dict[str, dict[str, Any]],
) -> None:
    assert head_options.keys() == HEADS.keys()


def test_days_of_an_axis_more_read_every_wait_at_every_day(
    kind: str, head_options: dict[str, dict[str, Any]]
) -> None:
    torch.manual_seed(0)
    head = make_head(
        kind, context_size=3, shortest_days=1.0, longest_days=100.0, **head_options[kind]
    )
    wait = head(torch.randn(4, 5, 3))
    days = torch.tensor([1.0, 7.0, 30.0]).view(3, 1, 1)
    found = wait.log_survival(days)
    assert found.shape == wait.log_density(days).shape == (3, 4, 5)
    assert found.dtype == torch.float64
    for i, day in enumerate((1.0, 7.0, 30.0)):
        assert torch.equal(found[i], wait.log_survival(torch.full((4, 5), day)))


def test_a_fresh_head_waits_within_the_span_of_interest(
    kind: str, head_options: dict[str, dict[str, Any]]
) -> None:
    torch.manual_seed(0)
    head = make_head(
        kind, context_size=3, shortest_days=1.0, longest_days=1_000.0, **head_options[kind]
    )
    with torch.no_grad():
        median = head(torch.randn(1, 50, 3)).quantile(torch.full((1, 50), 0.5))
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
