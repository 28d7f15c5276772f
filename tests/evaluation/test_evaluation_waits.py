from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import polars as pl
import pytest

from seqchurn.evaluation import Cohorts, Outcomes, evaluate_waits, outcomes_at, pit_histogram
from seqchurn.evaluation.waits import Curve
from seqchurn.waits.clock import Clock

DAILY = 0.03


def geometric(outcomes: Outcomes, daily: float = DAILY) -> Curve:
    """Waits of customers who order with the same probability on each day."""

    def probability(days: np.ndarray) -> np.ndarray:
        shape = (outcomes.observed.size, days.shape[-1])
        return np.broadcast_to(1 - (1 - daily) ** days, shape)

    return probability


def true_outcomes(customers: int, step_days: float = 1.0) -> tuple[Outcomes, Curve]:
    """Exponential waits from the cutoff on, and their true curve."""
    rng = np.random.default_rng(0)
    clock, cutoff = Clock(step_days), datetime(2020, 1, 1, tzinfo=UTC)
    mean_days = rng.gamma(2.0, 8.0, customers)
    steps = np.floor(rng.exponential(mean_days) / step_days)
    day = clock.at(cutoff)
    log = pl.DataFrame(
        {
            "customer_id": [str(i) for i in range(customers)],
            "first_day": np.full(customers, day - 1),
            "order_days": [[day - 1, day + s * step_days] for s in steps],
        }
    )

    def probability(days: np.ndarray) -> np.ndarray:
        return -np.expm1(-days / mean_days[:, None])

    options = {"cutoff": cutoff, "horizons_days": [7.0], "end_day": day + 40, "clock": clock}
    return outcomes_at(log, **options), probability


def row_of(rows: list[dict[str, Any]], **labels: str) -> dict[str, Any]:
    return next(row for row in rows if labels.items() <= row.items())


def test_likelihood_is_that_of_the_steps_by_hand(outcomes: Outcomes) -> None:
    rows = evaluate_waits("shop", outcomes, {"geometric": geometric(outcomes)}, resamples=20)
    days, came = outcomes.wait_days[:, 0], outcomes.observed
    by_hand = days * math.log(1 - DAILY) + came * math.log(DAILY)
    assert [row["cohort"] for row in rows] == list(outcomes.cohorts)
    assert rows[0]["log_likelihood"] == pytest.approx(by_hand.mean())
    assert (rows[0]["n"], rows[0]["ordered"], rows[0]["floored"]) == (200, came.sum(), 0)


def test_equal_waits_for_all_have_no_order_and_the_brier_score_of_their_curve(
    outcomes: Outcomes,
) -> None:
    row = evaluate_waits("shop", outcomes, {"same": geometric(outcomes)}, resamples=20)[0]
    assert row["concordance"] == 0.5
    times = np.arange(1, 41)
    ordered = outcomes.observed[:, None] & (outcomes.wait_days[:, 1:] <= times)
    scores = np.square((1 - (1 - DAILY) ** times) - ordered).mean(axis=0)
    area = np.trapezoid(np.append(0, scores), np.append(0, times)) / 40
    assert row["integrated_brier"] == pytest.approx(area)


def test_dates_are_the_steps_at_which_the_levels_are_passed(outcomes: Outcomes) -> None:
    row = evaluate_waits("shop", outcomes, {"daily": geometric(outcomes, 0.12)}, resamples=20)[0]
    # .12 after the first day, .90 after 18 and .91 after 19: the interval is all of 19 days
    inside = outcomes.observed & (outcomes.wait_days[:, 1] <= 19)
    assert row["coverage"] == pytest.approx(inside.mean())
    assert row["coverage_expected"] == pytest.approx(1 - 0.88**19)
    assert row["coverage_n"] == 200
    late = evaluate_waits("shop", outcomes, {"late": geometric(outcomes, 0.02)}, resamples=20)[0]
    assert (late["coverage"], late["coverage_expected"], late["coverage_n"]) == (None, None, 0)
    assert late["coverage_low"] < late["coverage_high"]


@pytest.mark.parametrize("step_days", [1.0, 1 / 86_400])
def test_the_truth_is_calibrated_on_any_grid(step_days: float) -> None:
    outcomes, truth = true_outcomes(3_000, step_days)
    row = evaluate_waits("shop", outcomes, {"truth": truth}, resamples=50)[0]
    assert row["pit_ks"] < 1.6 / 3_000**0.5
    assert row["d_calibration"] < 0.02
    assert row["coverage"] == pytest.approx(row["coverage_expected"], abs=0.03)
    assert row["coverage_expected"] > 0.8 - 1e-6
    assert row["concordance"] > 0.65
    if step_days == 1.0:
        assert row["compared"] == row["ordered"]
    else:  # a sample of times, and those at which the Brier score is read anyway
        assert 1_000 <= row["compared"] <= 1_100 < row["ordered"]


def test_a_model_that_is_wrong_is_worse_in_every_score() -> None:
    outcomes, truth = true_outcomes(3_000)

    def slow(days: np.ndarray) -> np.ndarray:
        return truth(days / 2)

    rows = evaluate_waits("shop", outcomes, {"truth": truth, "slow": slow}, resamples=50)
    true, false = (row_of(rows, model=model, cohort="all") for model in ("truth", "slow"))
    for score in ("integrated_brier", "pit_ks", "d_calibration"):
        assert true[score] < false[score], score
    assert true["log_likelihood"] > false["log_likelihood"]
    assert abs(false["coverage"] - false["coverage_expected"]) > 0.03


def test_concordance_within_a_cohort_is_of_its_own_pairs(outcomes: Outcomes) -> None:
    rng = np.random.default_rng(3)
    rate = rng.uniform(0.01, 0.2, 200)

    def probability(days: np.ndarray) -> np.ndarray:
        return -np.expm1(-days * rate[:, None])

    rows = evaluate_waits("shop", outcomes, {"random": probability}, resamples=20)
    members = outcomes.cohorts["repeat"]
    days, observed = outcomes.wait_days[members, 1], outcomes.observed[members]
    concordant = pairs = 0.0
    for i in np.flatnonzero(observed):  # curves do not cross: survival is in the order of rates
        later = (days > days[i]) | ((days == days[i]) & ~observed)
        concordant += (rate[members][i] > rate[members][later]).sum()
        pairs += later.sum()
    assert row_of(rows, cohort="repeat")["concordance"] == pytest.approx(concordant / pairs)


def test_histograms_are_the_shares_behind_d_calibration(outcomes: Outcomes) -> None:
    curves = {"one": geometric(outcomes), "other": geometric(outcomes, 0.08)}
    rows = evaluate_waits("shop", outcomes, curves, resamples=50)
    histogram = pit_histogram(outcomes, curves, resamples=50)
    panels = histogram.partition_by("kind", "cohort", "model", "n", as_dict=True)
    drawn = [r for r in rows if r["cohort"] == "all" or r["model"] == "one"]
    assert len(panels) == len(drawn)
    for (kind, cohort, model, n), own in panels.items():
        row = row_of(rows, cohort=cohort, model=model)
        assert (kind, n) == (outcomes.cohorts.kinds[cohort], row["n"])
        assert own["start"].to_list() == pytest.approx([i / 10 for i in range(10)])
        assert own["end"].to_list() == pytest.approx([i / 10 for i in range(1, 11)])
        assert own["share"].sum() == pytest.approx(1.0)
        assert (own["share"] - 0.1).abs().max() == pytest.approx(row["d_calibration"])
        assert (own["lower"] <= own["share"]).all()
        assert (own["share"] <= own["upper"]).all()


@pytest.mark.parametrize("kind", ["number of orders", "tenure"])
def test_histograms_of_cohorts_add_up_to_that_of_all_customers(
    outcomes: Outcomes, kind: str
) -> None:
    histogram = pit_histogram(outcomes, {"one": geometric(outcomes)}, resamples=20)
    parts = histogram.filter(kind=kind)
    together = parts.group_by("start", maintain_order=True).agg(
        (pl.col("share") * pl.col("n")).sum() / pl.col("n").sum()
    )
    whole = histogram.filter(cohort="all")
    assert parts["cohort"].n_unique() == 3
    assert together["share"].to_list() == pytest.approx(whole["share"].to_list())


def test_a_cohort_of_one_customer_has_a_histogram(outcomes: Outcomes) -> None:
    someone = np.flatnonzero(outcomes.observed & (outcomes.wait_days[:, 1] == 1))[0]
    cohorts = Cohorts({"one": np.arange(200) == someone}, {"one": "size"})
    alone = replace(outcomes, cohorts=cohorts)
    histogram = pit_histogram(alone, {"one": geometric(outcomes)}, resamples=20)
    assert histogram["n"].to_list() == [1] * 10
    for column in ("share", "lower", "upper"):  # ordered with probability 0 to .03
        assert histogram[column].to_list() == [1.0] + [0.0] * 9


def test_probabilities_that_are_none_are_refused(outcomes: Outcomes) -> None:
    def wrong(days: np.ndarray) -> np.ndarray:
        return np.full((200, days.shape[-1]), 1.5)

    with pytest.raises(ValueError, match="outside"):
        evaluate_waits("shop", outcomes, {"wrong": wrong}, resamples=20)
