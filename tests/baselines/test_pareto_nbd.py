from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from scipy.special import expit, gammaln, hyp2f1

from seqchurn.baselines import ParetoNBD
from seqchurn.baselines.pareto_nbd import ParetoNBDParameters

GOLDEN = Path(__file__).parents[1] / "golden" / "pareto_nbd_cdnow_sample.json"
LAST_DAY = float((date(1997, 9, 30) - date(1970, 1, 1)).days)
TRUE = ParetoNBDParameters(r=0.9, alpha=8.0, s=0.7, beta=15.0)


def customers(x: list[float], t_x: list[float], age: float) -> pl.DataFrame:
    """Histories with repeat orders spread evenly up to t_x, seen to the last step before `age`."""
    days = [np.linspace(0, last, int(n) + 1).tolist() for n, last in zip(x, t_x, strict=True)]
    return pl.DataFrame({"customer_id": range(len(x)), "first_day": 0.0, "order_days": days})


def of_parameters(parameters: ParetoNBDParameters) -> ParetoNBD:
    """A baseline with these parameters; the fit is thrown away."""
    baseline = ParetoNBD().fit(
        customers([0, 1], [0, 3], 9), cutoff_day=9.0, step_days=1.0, horizons_days=[1.0]
    )
    baseline.parameters = parameters
    return baseline


def simulated(n: int, length: float) -> list[np.ndarray]:
    """Order times in [0, length), the first at 0, of customers drawn from the model."""
    rng = np.random.default_rng(0)
    rate, leaving = rng.gamma(TRUE.r, 1 / TRUE.alpha, n), rng.gamma(TRUE.s, 1 / TRUE.beta, n)
    end = np.minimum(rng.exponential(1 / leaving), length)
    return [
        np.append(0.0, np.sort(rng.uniform(0, stay, rng.poisson(lam * stay))))
        for lam, stay in zip(rate, end, strict=True)
    ]


def test_the_published_fit_on_the_cdnow_sample_is_found_whatever_the_unit_of_time(
    cdnow_sample: pl.DataFrame,
) -> None:
    golden = json.loads(GOLDEN.read_text())
    days = cdnow_sample["order_days"].list.eval(pl.element().filter(pl.element() <= LAST_DAY))
    x = days.list.len().to_numpy() - 1.0
    t_x = (days.list.last() - days.list.first()).to_numpy()
    age = LAST_DAY - days.list.first().to_numpy()
    assert (len(x), x.sum()) == (golden["customers"], golden["repeat_orders"])
    weekly, total = ParetoNBD.likeliest(x, t_x / 7, age / 7)
    for name, value in weekly._asdict().items():
        assert value == pytest.approx(golden[name], abs=6e-4)
    assert total == pytest.approx(golden["log_likelihood"], abs=0.05)
    hourly, _ = ParetoNBD.likeliest(x, t_x * 24, age * 24)
    expected = (weekly.r, weekly.alpha * 168, weekly.s, weekly.beta * 168)
    assert tuple(hourly) == pytest.approx(expected, rel=1e-3)


def test_orders_of_the_cdnow_holdout_are_expected_as_well_as_published(
    cdnow_sample: pl.DataFrame,
) -> None:
    golden = json.loads(GOLDEN.read_text())
    fit = ParetoNBD().fit(
        cdnow_sample, cutoff_day=LAST_DAY + 1, step_days=1.0, horizons_days=[273.0]
    )
    counts = fit.expected_orders(cdnow_sample, cutoff_day=LAST_DAY + 1, horizon_days=[273.0])[:, 0]
    after = (pl.element() > LAST_DAY) & (pl.element() <= LAST_DAY + 273)
    came = cdnow_sample["order_days"].list.eval(after).list.sum().to_numpy()
    error = counts - came
    assert np.abs(error).mean() == pytest.approx(golden["holdout_mae"], abs=6e-5)
    assert np.sqrt((error**2).mean()) == pytest.approx(golden["holdout_rmse"], abs=6e-4)
    assert error.sum() / came.sum() == pytest.approx(golden["holdout_bias"], abs=6e-4)


@pytest.mark.parametrize("beta", [3.0, 8.0, 21.0])
def test_the_likelihood_is_the_closed_form(beta: float) -> None:
    r, alpha, s = 0.6, 8.0, 0.7
    x, t_x, age = np.array([[0, 0, 32.0], [3, 20, 32], [3, 32, 32], [20, 31, 32]]).T
    more, power = max(alpha, beta), (s + 1 if alpha >= beta else r + x)

    def left_after(t: np.ndarray) -> np.ndarray:  # Fader & Hardie (2005), with |alpha - beta|
        z = abs(alpha - beta) / (more + t)
        return hyp2f1(r + s + x, power, r + s + x + 1, z) / (more + t) ** (r + s + x)

    scale = gammaln(r + x) - gammaln(r) + r * np.log(alpha) + s * np.log(beta)
    alive = (alpha + age) ** -(r + x) * (beta + age) ** -s
    total = alive + s / (r + s + x) * (left_after(t_x) - left_after(age))
    parameters = ParetoNBDParameters(r, alpha, s, beta)
    assert parameters.log_likelihood(x, t_x, age) == pytest.approx(scale + np.log(total))
    assert expit(parameters.alive_logit(x, t_x, age)) == pytest.approx(alive / total)


def test_probabilities_and_counts_are_those_of_customers_drawn_from_the_model() -> None:
    cutoff, horizon = 40.0, 25.0
    times = simulated(60_000, cutoff + horizon)
    seen = [t[t < cutoff] for t in times]
    came = np.array([len(t) for t in times]) - np.array([len(t) for t in seen])
    known = pl.DataFrame({"customer_id": range(len(seen)), "first_day": 0.0, "order_days": seen})
    baseline = of_parameters(TRUE)
    baseline._step_days = 1e-9  # the drawn times lie on no grid
    ask = {"cutoff_day": cutoff, "horizon_days": [horizon]}
    probability = baseline.probability(known, **ask)[:, 0]
    counts = baseline.expected_orders(known, **ask)[:, 0]
    repeats = np.minimum([len(t) - 1 for t in seen], 6)
    quiet = np.array([cutoff - t[-1] for t in seen])
    for group in [*(repeats == n for n in range(7)), (repeats > 2) & (quiet > 8), quiet < 2]:
        noise = 4 / np.sqrt(group.sum())
        assert probability[group].mean() == pytest.approx((came[group] > 0).mean(), abs=noise / 2)
        spread = came[group].std()
        assert counts[group].mean() == pytest.approx(came[group].mean(), abs=noise * spread)


def test_parameters_are_recovered_from_draws() -> None:
    seen = simulated(10_000, 60.0)
    x = np.array([len(t) - 1.0 for t in seen])
    found, _ = ParetoNBD.likeliest(x, np.array([t[-1] for t in seen]), np.full(len(x), 60.0))
    assert tuple(found)[:2] == pytest.approx(tuple(TRUE)[:2], rel=0.1)
    assert found.s / found.beta == pytest.approx(TRUE.s / TRUE.beta, rel=0.15)


def test_the_probability_rises_from_zero_to_less_than_that_of_being_alive() -> None:
    x, t_x = [0.0, 1.0, 5.0, 30.0], [0.0, 2.0, 60.0, 99.0]
    horizon = np.array([0.0, 1e-3, 1.0, 30.0, 1e3, 1e6, 1e12])
    baseline = of_parameters(TRUE)
    ask = {"cutoff_day": 101.0, "horizon_days": horizon}
    probability = baseline.probability(customers(x, t_x, 101.0), **ask)
    logit = TRUE.alive_logit(np.array(x), np.array(t_x), np.full(4, 100.0))
    assert (probability[:, 0] == 0.0).all()
    assert (np.diff(probability, axis=1) > -1e-12).all()
    assert (np.diff(probability[:, :5], axis=1) > 0).all()
    assert (probability[:, -1] < expit(logit)).all()
    counts = baseline.expected_orders(customers(x, t_x, 101.0), **ask)
    assert counts[:, 1] == pytest.approx(probability[:, 1], rel=1e-3)  # soon, at most one comes


def test_expected_orders_pass_smoothly_through_a_shape_of_one() -> None:
    known = customers([2.0], [20.0], 50.0)
    near = [
        of_parameters(TRUE._replace(s=s)).expected_orders(
            known, cutoff_day=50.0, horizon_days=[10.0, 1e4]
        )
        for s in (1.0 - 1e-7, 1.0, 1.0 + 1e-7)
    ]
    assert near[0] == pytest.approx(near[1], rel=1e-5)
    assert near[2] == pytest.approx(near[1], rel=1e-5)


@pytest.mark.parametrize(
    "parameters",
    [
        (1e-4, 1e-4, 1e-4, 1e-4),
        (8e3, 1e6, 8e3, 1e6),
        (1e-4, 1e6, 8e3, 1e-4),
        (8e3, 1e-4, 1e-4, 1e6),
    ],
)
def test_many_orders_and_long_times_stay_finite(parameters: tuple[float, ...]) -> None:
    x = np.array([0.0, 1.0, 4000.0])
    t_x = np.array([0.0, 1e-6, 1e5])
    found = ParetoNBDParameters(*parameters)
    for age in (np.array([0.0, 1e-6, 1e5]), np.array([1e6, 1e6, 1e6])):
        assert np.isfinite(found.log_likelihood(x, t_x, age)).all()
        assert not np.isnan(found.alive_logit(x, t_x, age)).any()
