from __future__ import annotations

import math
from decimal import Decimal, localcontext

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from seqchurn.heads import LogLogisticMixture, Weibull
from seqchurn.waits.likelihood import landmark_log_likelihood, landmark_nll
from seqchurn.waits.wait import log1mexp

SCALE, SHAPE = 10.0, 1.5


def weibull(*, rows: int, columns: int) -> tuple[Weibull, list[Tensor]]:
    log_scale = torch.full((rows, columns), math.log(SCALE), dtype=torch.float64)
    log_shape = torch.full((rows, columns), math.log(SHAPE), dtype=torch.float64)
    parameters = [log_scale.requires_grad_(), log_shape.requires_grad_()]
    return Weibull(*parameters), parameters


def tensor(values: list[list[float]]) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


@given(st.floats(math.log(1e-28), math.log(700)).map(math.exp))
def test_log1mexp_is_exact_from_tiny_to_large(x: float) -> None:
    with localcontext() as context:
        context.prec = 400
        expected = (1 - (-Decimal(x)).exp()).ln()
        found = Decimal(log1mexp(tensor([[x]])).item())
        assert abs(found - expected) <= Decimal(1e-14) * max(abs(expected), Decimal(1e-300))


def test_the_slope_of_log1mexp_is_exact_at_both_ends() -> None:
    x = tensor([[1e-12, 1e-3, 0.69, 0.7, 5.0, 700.0]]).requires_grad_()
    log1mexp(x).sum().backward()
    expected = [1 / math.expm1(value) for value in x.flatten().tolist()]
    assert x.grad is not None
    assert x.grad.flatten().tolist() == pytest.approx(expected, rel=1e-10, abs=0)


def test_the_likelihood_is_the_sum_by_hand() -> None:
    def survival(days: float) -> float:
        return math.exp(-((days / SCALE) ** SHAPE))

    # last order on day 0; the model is asked on day 5, so that 4 days are survived
    on_the_landmark = math.log(survival(4) - survival(5)) - math.log(survival(4))
    on_day_nine = math.log(survival(8) - survival(9)) - math.log(survival(4))
    # asked on day 7 of data that ends on day 12: days 0 to 11 saw no order
    still_open = math.log(survival(11)) - math.log(survival(6))
    # asked on the day after the order, before the first step is over
    at_once = math.log(1.0 - survival(1))

    wait, _ = weibull(rows=2, columns=2)
    found = landmark_log_likelihood(
        wait,
        tensor([[5, 9], [12, 1]]),
        tensor([[4, 4], [6, 0]]),
        torch.tensor([[True, True], [False, True]]),
        step_days=1.0,
    )
    expected = [on_the_landmark, on_day_nine, still_open, at_once]
    assert found.flatten().tolist() == pytest.approx(expected, rel=1e-12)
    nll = landmark_nll(
        wait,
        tensor([[5, 9], [12, 1]]),
        tensor([[4, 4], [6, 0]]),
        torch.tensor([[True, True], [False, True]]),
        torch.tensor([[True, True], [True, False]]),
        step_days=1.0,
    )
    assert nll.item() == pytest.approx(-(on_the_landmark + on_day_nine + still_open) / 3)


def test_a_wait_is_open_until_some_day_or_for_ever() -> None:
    def survival(days: float) -> float:
        return 0.8 / (1.0 + days / SCALE) + 0.2

    weights, scale = tensor([[0.8, 0.2]]).log(), tensor([[SCALE]]).log()
    wait = LogLogisticMixture(
        weights[..., :1, None], scale.unsqueeze(-1), torch.zeros(1, 1, 1), never=weights[..., 1:]
    )
    observed = torch.tensor([[False, True]])
    found = landmark_log_likelihood(
        wait, tensor([[12, 12]]), tensor([[6, 6]]), observed, step_days=1.0
    )
    still_open = math.log(survival(11)) - math.log(survival(6))
    came = math.log(survival(11) - survival(12)) - math.log(survival(6))
    assert found.flatten().tolist() == pytest.approx([still_open, came], rel=1e-12)


@pytest.mark.parametrize("garbage", [math.nan, math.inf, -1e9, 0.0])
@pytest.mark.parametrize("observed", [True, False])
def test_padding_has_no_gradient_whatever_it_holds(garbage: float, observed: bool) -> None:
    real = torch.tensor([[True, False], [True, False]])
    came = torch.tensor([[True, observed], [False, observed]])
    wait, parameters = weibull(rows=2, columns=2)
    loss = landmark_nll(
        wait,
        tensor([[5, garbage], [9, garbage]]),
        tensor([[4, garbage], [2, garbage]]),
        came,
        real,
        step_days=1.0,
    )
    loss.backward()
    alone, its_parameters = weibull(rows=2, columns=1)
    expected = landmark_nll(
        alone, tensor([[5], [9]]), tensor([[4], [2]]), came[:, :1], real[:, :1], step_days=1.0
    )
    expected.backward()
    assert torch.equal(loss, expected)
    for padded, plain in zip(parameters, its_parameters, strict=True):
        assert padded.grad is not None
        assert plain.grad is not None
        assert torch.equal(padded.grad[:, 0], plain.grad[:, 0])
        assert torch.equal(padded.grad[:, 1], torch.zeros(2, dtype=torch.float64))


def test_waits_that_are_all_open_have_a_finite_loss() -> None:
    wait, parameters = weibull(rows=1, columns=3)
    every = torch.ones(1, 3, dtype=torch.bool)
    loss = landmark_nll(
        wait, tensor([[1, 30, 1e5]]), tensor([[0, 3, 3]]), ~every, every, step_days=1.0
    )
    loss.backward()
    assert loss.isfinite()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in parameters)
