from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from scipy.integrate import quad
from scipy.special import expit, hyp2f1
from scipy.stats import beta

from seqchurn.baselines import BGNBD
from seqchurn.baselines.bgnbd import BGNBDParameters

GOLDEN = Path(__file__).parents[1] / "golden" / "bgnbd_cdnow_sample.json"


def draws(n: int, true: BGNBDParameters, weeks: float) -> tuple[np.ndarray, np.ndarray]:
    """Repeat orders and recency of customers drawn from the model."""
    rng = np.random.default_rng(0)
    rate, leave = rng.gamma(true.r, 1 / true.alpha, n), rng.beta(true.a, true.b, n)
    x, t_x = np.zeros(n), np.zeros(n)
    for i in range(n):
        time = rng.exponential(1 / rate[i])
        while time < weeks:
            x[i], t_x[i] = x[i] + 1, time
            time = np.inf if rng.random() < leave[i] else time + rng.exponential(1 / rate[i])
    return x, t_x


def test_the_published_fit_on_the_cdnow_sample_is_found_whatever_the_unit_of_time(
    cdnow_sample: pl.DataFrame,
) -> None:
    golden = json.loads(GOLDEN.read_text())
    last_day = float((date(1997, 9, 30) - date(1970, 1, 1)).days)
    days = cdnow_sample["order_days"].list.eval(pl.element().filter(pl.element() <= last_day))
    x = days.list.len().to_numpy() - 1.0
    t_x = (days.list.last() - days.list.first()).to_numpy()
    age = last_day - days.list.first().to_numpy()
    assert (len(x), x.sum()) == (golden["customers"], golden["repeat_orders"])
    weekly, total = BGNBD.likeliest(x, t_x / 7, age / 7)
    for name, value in weekly._asdict().items():
        assert value == pytest.approx(golden[name], abs=6e-4)
    assert total == pytest.approx(golden["log_likelihood"], abs=0.05)
    hourly, _ = BGNBD.likeliest(x, t_x * 24, age * 24)
    expected = (weekly.r, weekly.alpha * 168, weekly.a, weekly.b)
    assert tuple(hourly) == pytest.approx(expected, rel=1e-3)


def test_the_baseline_itself_finds_the_published_fit(cdnow_sample: pl.DataFrame) -> None:
    golden = json.loads(GOLDEN.read_text())
    cutoff = float((date(1997, 10, 1) - date(1970, 1, 1)).days)
    fit = BGNBD().fit(cdnow_sample, cutoff_day=cutoff, step_days=1.0, horizons_days=[28.0])
    days = BGNBDParameters(golden["r"], golden["alpha"] * 7, golden["a"], golden["b"])
    assert tuple(fit.parameters) == pytest.approx(tuple(days), rel=3e-3)


def test_parameters_are_recovered_from_draws() -> None:
    true = BGNBDParameters(r=0.8, alpha=6.0, a=0.9, b=3.0)
    x, t_x = draws(8_000, true, weeks=50.0)
    found, _ = BGNBD.likeliest(x, t_x, np.full(len(x), 50.0))
    assert found.r / found.alpha == pytest.approx(true.r / true.alpha, rel=0.08)
    assert found.a / (found.a + found.b) == pytest.approx(0.9 / 3.9, rel=0.08)
    assert found.r == pytest.approx(true.r, rel=0.1)


def test_the_likelihood_and_p_alive_are_those_integrated_over_the_rate() -> None:
    r, alpha, a, b = parameters = BGNBDParameters(0.6, 4.0, 0.8, 2.5)
    x, t_x, age = 3.0, 20.0, 32.0

    def gamma_mean(power: float, time: float) -> float:
        def integrand(rate: float) -> float:
            return rate ** (r - 1 + power) * np.exp(-rate * (alpha + time))

        scale, _ = quad(lambda rate: rate ** (r - 1) * np.exp(-rate * alpha), 0, np.inf)
        return quad(integrand, 0, np.inf)[0] / scale

    def beta_mean(leave: float, stay: float) -> float:
        scale, _ = quad(lambda p: p ** (a - 1) * (1 - p) ** (b - 1), 0, 1)
        return quad(lambda p: p ** (a - 1 + leave) * (1 - p) ** (b - 1 + stay), 0, 1)[0] / scale

    alive = beta_mean(0, x) * gamma_mean(x, age)
    left = beta_mean(1, x - 1) * gamma_mean(x, t_x)
    row = (np.array([x]), np.array([t_x]), np.array([age]))
    assert parameters.log_likelihood(*row)[0] == pytest.approx(np.log(alive + left), rel=1e-6)
    assert expit(parameters.alive_logit(*row))[0] == pytest.approx(alive / (alive + left), rel=1e-6)


def test_a_customer_of_one_order_counts_as_alive_and_as_a_slow_one() -> None:
    baseline = BGNBD()
    known = pl.DataFrame(
        {"customer_id": ["a", "b"], "first_day": [0.0, 1.0], "order_days": [[0.0], [1.0, 40.0]]}
    )
    baseline.fit(known, cutoff_day=50.0, step_days=1.0, horizons_days=[10.0])
    baseline.parameters = BGNBDParameters(0.5, 20.0, 0.8, 2.5)
    result = baseline.probability(known, cutoff_day=50.0, horizon_days=[10.0])
    # T = 50 - 0 - 1: what is seen ends with the last step before the cutoff
    assert result[0, 0] == pytest.approx(1 - ((20 + 49) / (20 + 49 + 10)) ** 0.5)


def test_many_orders_and_long_times_stay_finite() -> None:
    parameters = BGNBDParameters(0.5, 20.0, 0.8, 2.5)
    x = np.array([0.0, 1.0, 4000.0])
    t_x = np.array([0.0, 1e-6, 1e5])
    for age in (np.array([0.0, 1e-6, 1e5]), np.array([1e6, 1e6, 1e6])):
        assert np.isfinite(parameters.log_likelihood(x, t_x, age)).all()
        assert not np.isnan(parameters.alive_logit(x, t_x, age)).any()


@pytest.mark.parametrize("a", [0.02, 0.8, 1.0, 1.3, 20.0])
def test_expected_orders_are_those_integrated_over_the_probability_of_leaving(a: float) -> None:
    r, alpha, b, x, age, horizon = 0.6, 4.0, 2.5, 3.0, 32.0, 39.0
    parameters = BGNBDParameters(r, alpha, a, b)
    found = parameters.orders_if_alive(np.array([x]), np.array([age]), np.array([horizon]))
    # given p, orders until one leaves come at a falling rate: E[(1 - exp(-lambda p H)) / p]
    stays = 1e-12  # below it the integrand is a power of p, whose integral is known

    def given(p: float) -> float:
        return -np.expm1(-(r + x) * np.log1p(horizon * p / (alpha + age))) / p

    body, _ = quad(
        lambda u: given(np.exp(u)) * beta.pdf(np.exp(u), a, b + x) * np.exp(u), np.log(stays), 0,
        epsabs=0.0, epsrel=1e-10, limit=500,
    )  # fmt: skip
    expected = body + given(stays) * beta.cdf(stays, a, b + x)
    assert found[0] == pytest.approx(expected, rel=1e-6)


def test_expected_orders_are_equation_10() -> None:
    r, alpha, a, b = 0.243, 4.414, 0.793, 2.426  # the published fit, in weeks
    x, t_x, age, horizon = 2.0, 30.43, 38.86, 39.0
    z = horizon / (alpha + age + horizon)
    bracket = 1 - (1 - z) ** (r + x) * hyp2f1(r + x, b + x, a + b + x - 1, z)
    left = a / (b + x - 1) * ((alpha + age) / (alpha + t_x)) ** (r + x)
    parameters = BGNBDParameters(r, alpha, a, b)
    row = (np.array([x]), np.array([t_x]), np.array([age]))
    alive = expit(parameters.alive_logit(*row))
    found = alive * parameters.orders_if_alive(row[0], row[2], np.array([horizon]))
    assert found[0] == pytest.approx((a + b + x - 1) / (a - 1) * bracket / (1 + left), rel=1e-9)
    assert found[0] == pytest.approx(1.226, abs=5e-4)  # Fader, Hardie & Lee's own worked example


@pytest.mark.parametrize("corner", [(1e-4, 1e-4), (148.0, 148.0), (1e-4, 148.0), (148.0, 1e-4)])
def test_expected_orders_stay_finite_at_the_bounds_of_the_fit(corner: tuple[float, float]) -> None:
    horizon = np.array([0.0, 1e-6, 1.0, 1e3, 1e6])
    for r in (1e-4, 33.0):
        parameters = BGNBDParameters(r, 3.0, *corner)
        for x, age in ((0.0, 0.0), (1.0, 1e-6), (400.0, 1e3)):
            found = parameters.orders_if_alive(np.full(5, x), np.full(5, age), horizon)
            assert np.isfinite(found).all()
            assert found[0] == 0.0
            assert (np.diff(found) >= -1e-6 * found[1:]).all()
