from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from seqchurn.baselines import BASELINES, Baseline, fit_baselines
from seqchurn.errors import DataError
from seqchurn.metrics import auc, base_rate, log_loss
from seqchurn.waits.histories import known_before, next_order_day

CUTOFF = 200.0
HORIZONS = np.array([7.0, 28.0, 90.0])
ALL = pytest.mark.parametrize("name", BASELINES)
WITH_COUNTS = pytest.mark.parametrize("name", ["bgnbd", "pareto_nbd"])
WITH_DISTRIBUTION = pytest.mark.parametrize(
    "name", [name for name, baseline in BASELINES.items() if baseline.has_distribution]
)


def fitted(name: str, log: pl.DataFrame, cutoff: float = CUTOFF) -> Baseline:
    return BASELINES[name]().fit(log, cutoff_day=cutoff, step_days=1.0, horizons_days=HORIZONS)


def asked(baseline: Baseline, known: pl.DataFrame, horizon: np.ndarray = HORIZONS) -> np.ndarray:
    return baseline.probability(known, cutoff_day=CUTOFF, horizon_days=horizon)


@ALL
def test_probabilities_rise_with_the_horizon_between_zero_and_one(
    name: str, log: pl.DataFrame
) -> None:
    probability = asked(fitted(name, log), known_before(log, CUTOFF))
    assert probability.shape == (known_before(log, CUTOFF).height, 3)
    assert (probability >= 0).all()  # zero where a Kaplan-Meier curve is flat
    assert (probability < 1).all()
    if name != "lightgbm":  # one model for each horizon, which know nothing of each other
        assert (np.diff(probability, axis=1) >= 0).all()


@ALL
def test_it_ranks_better_than_chance_and_loses_less_than_the_base_rate(
    name: str, log: pl.DataFrame
) -> None:
    probability = asked(fitted(name, log), known_before(log, CUTOFF))
    came = next_order_day(log, CUTOFF).to_numpy()[:, None] < CUTOFF + HORIZONS
    for h in range(3):
        rate = np.full(len(came), base_rate(probability[:, h], came[:, h]))
        assert auc(probability[:, h], came[:, h]) > 0.65
        assert log_loss(probability[:, h], came[:, h]) < log_loss(rate, came[:, h])


@ALL
def test_nothing_at_or_after_the_cutoff_changes_a_prediction(name: str, log: pl.DataFrame) -> None:
    known = known_before(log, CUTOFF)
    later = log.filter(pl.col("first_day") < CUTOFF).with_columns(
        pl.concat_list(known.get_column("order_days"), pl.lit([CUTOFF, CUTOFF + 1]))
    )
    newcomer = pl.DataFrame(
        {"customer_id": ["new"], "first_day": [CUTOFF], "order_days": [[CUTOFF]]}
    )
    expected = asked(fitted(name, known), known)
    for changed in (log, later, pl.concat([later, newcomer])):
        assert (asked(fitted(name, changed), known) == expected).all()
    assert (asked(fitted(name, known), later) == expected).all()


@ALL
def test_shuffling_customers_permutes_the_results(name: str, log: pl.DataFrame) -> None:
    known = known_before(log, CUTOFF)
    order = np.random.default_rng(0).permutation(known.height)
    shuffled = asked(fitted(name, known[order]), known[order])
    assert np.allclose(shuffled, asked(fitted(name, known), known)[order], rtol=1e-6)


@ALL
def test_customers_without_an_order_share_one_rate_in_all_baselines(
    name: str, log: pl.DataFrame
) -> None:
    known = known_before(log, CUTOFF)
    never = (known["order_days"].list.len() == 0).to_numpy()
    mine = asked(fitted(name, log), known)[never]
    others = asked(fitted("kaplan_meier", log), known)[never]
    assert never.sum() > 20
    assert np.allclose(mine, mine[0])
    assert np.allclose(mine, others)
    came = next_order_day(log, CUTOFF).to_numpy()[never, None] < CUTOFF + HORIZONS
    assert np.allclose(mine[0], came.mean(axis=0), atol=0.15)


@WITH_DISTRIBUTION
def test_horizons_of_a_customer_of_their_own_are_those_asked_one_by_one(
    name: str, log: pl.DataFrame
) -> None:
    known = known_before(log, CUTOFF)
    baseline = fitted(name, log)
    own = np.random.default_rng(1).integers(0, 400, (known.height, 2)).astype(float)
    together = asked(baseline, known, own)
    for row in range(0, known.height, 50):
        alone = asked(baseline, known[row], own[row])
        assert np.allclose(together[row], alone, rtol=1e-12)
    assert (asked(baseline, known, np.array([0.0])) == 0.0).all()


@WITH_DISTRIBUTION
def test_it_stays_finite_far_beyond_the_data(name: str, log: pl.DataFrame) -> None:
    baseline = fitted(name, log)
    known = known_before(log, CUTOFF)
    far = baseline.probability(known, cutoff_day=CUTOFF + 5000.0, horizon_days=[1.0, 1e5])
    assert np.isfinite(far).all()
    assert ((far >= 0) & (far <= 1)).all()


@WITH_COUNTS
def test_expected_orders_rise_and_are_at_least_the_probability_of_one(
    name: str, log: pl.DataFrame
) -> None:
    known = known_before(log, CUTOFF)
    baseline = fitted(name, log)
    horizon = np.array([0.0, 1.0, 7.0, 28.0, 90.0, 1000.0])
    counts = baseline.expected_orders(known, cutoff_day=CUTOFF, horizon_days=horizon)
    assert counts.shape == (known.height, 6)
    assert (counts[:, 0] == 0.0).all()
    assert (np.diff(counts, axis=1) > 0).all()
    assert (counts >= asked(baseline, known, horizon) - 1e-12).all()
    own = np.broadcast_to(horizon, counts.shape)
    again = baseline.expected_orders(
        log.filter(pl.col("first_day") < CUTOFF), cutoff_day=CUTOFF, horizon_days=own
    )
    assert (again == counts).all()  # whatever comes after the cutoff


@WITH_COUNTS
def test_the_sum_of_expected_orders_is_near_what_came(name: str, log: pl.DataFrame) -> None:
    known = known_before(log, CUTOFF)
    counts = fitted(name, log).expected_orders(known, cutoff_day=CUTOFF, horizon_days=[28.0, 90.0])
    days = log.filter(pl.col("first_day") < CUTOFF)["order_days"].explode().drop_nulls().to_numpy()
    came = [((days >= CUTOFF) & (days < CUTOFF + horizon)).sum() for horizon in (28.0, 90.0)]
    assert counts.sum(axis=0) == pytest.approx(came, rel=0.2)


def test_only_some_baselines_have_counts(log: pl.DataFrame) -> None:
    assert [name for name, baseline in BASELINES.items() if baseline.has_counts] == [
        "bgnbd", "pareto_nbd"
    ]  # fmt: skip
    with pytest.raises(ValueError, match="recency expects no number of orders"):
        fitted("recency", log).expected_orders(
            known_before(log, CUTOFF), cutoff_day=CUTOFF, horizon_days=HORIZONS
        )


@ALL
@pytest.mark.parametrize("orders", [[], [3.0], [3.0, 4.0], [3.0, 4.0, 9.0]])
def test_one_customer_is_enough(name: str, orders: list[float]) -> None:
    known = pl.DataFrame(
        {"customer_id": ["a"], "first_day": [3.0], "order_days": [orders]},
        schema_overrides={"order_days": pl.List(pl.Float64)},
    )
    baseline = BASELINES[name]().fit(known, cutoff_day=10.0, step_days=1.0, horizons_days=[2, 50])
    probability = baseline.probability(known, cutoff_day=10.0, horizon_days=[2, 50])
    assert [baseline.answers(2), baseline.answers(50)] == [True, name != "lightgbm"]
    answered = probability[:, [baseline.answers(horizon) for horizon in (2, 50)]]
    assert ((answered >= 0) & (answered <= 1)).all()
    if baseline.has_counts:
        counts = baseline.expected_orders(known, cutoff_day=10.0, horizon_days=[2, 50])
        assert (counts >= probability - 1e-8).all()


@ALL
def test_a_grid_of_seconds_counts_as_one_of_days(name: str, log: pl.DataFrame) -> None:
    second = 1 / 86_400
    start = 17_000 * 86_400
    scaled = log.with_columns(
        (pl.col("first_day") + start) / 86_400,
        pl.col("order_days").list.eval((pl.element() + start) / 86_400),
    )
    cutoff = (start + CUTOFF) / 86_400
    fast = BASELINES[name]().fit(
        scaled, cutoff_day=cutoff, step_days=second, horizons_days=HORIZONS * second
    )
    probability = fast.probability(
        known_before(scaled, cutoff), cutoff_day=cutoff, horizon_days=HORIZONS * second
    )
    expected = asked(fitted(name, log), known_before(log, CUTOFF))
    if name in ("recency", "lightgbm"):  # log(1 + days) and weekly cuts know a day from a second
        assert np.corrcoef(probability[:, 0], expected[:, 0])[0, 1] > 0.8
    else:
        assert np.allclose(probability, expected, rtol=1e-4)


def test_no_known_customer_and_wrong_shapes_are_refused(log: pl.DataFrame) -> None:
    with pytest.raises(DataError, match="no customer is known before the cutoff"):
        fit_baselines(log, cutoff_day=0.0, step_days=1.0, horizons_days=[7.0])
    baseline = fitted("bgnbd", log)
    with pytest.raises(ValueError, match="first seen at or after the cutoff"):
        asked(baseline, log)
    with pytest.raises(ValueError, match=r"horizon_days has shape \(2, 3\)"):
        asked(baseline, known_before(log, CUTOFF), np.ones((2, 3)))


def test_all_baselines_are_fitted_by_name(log: pl.DataFrame) -> None:
    baselines = fit_baselines(log, cutoff_day=CUTOFF, step_days=1.0, horizons_days=HORIZONS)
    assert list(baselines) == ["recency", "kaplan_meier", "bgnbd", "pareto_nbd", "lightgbm"]
    assert all(name == baseline.name for name, baseline in baselines.items())


@ALL
def test_an_order_that_rounding_puts_just_before_the_cutoff_is_not_seen(name: str) -> None:
    cutoff, hour = 17_501 + 16 / 24, 1 / 24
    known = pl.DataFrame(
        {"customer_id": ["a"], "first_day": [17_400.0], "order_days": [[17_500.0]]}
    )
    leaked = known.with_columns(order_days=pl.lit([17_500.0, np.nextafter(cutoff, 0.0)]))
    results = [
        BASELINES[name]()
        .fit(log, cutoff_day=cutoff, step_days=hour, horizons_days=[1.0])
        .probability(log, cutoff_day=cutoff, horizon_days=[1.0])
        for log in (known, leaked)
    ]
    assert results[0] == results[1]
