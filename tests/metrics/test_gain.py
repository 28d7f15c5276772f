"""Gain and profit by hand."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from seqchurn.metrics import auc, gain_curve, profit_curve

RISK = np.array([0.9, 0.8, 0.6, 0.3, 0.1])
LOST = np.array([True, True, False, True, False])


def at(curve: pl.DataFrame, share: float) -> dict[str, float]:
    return curve.row(round(share * 100), named=True)


def test_the_riskiest_are_taken_first() -> None:
    curve = gain_curve(RISK, LOST)
    assert curve["share"].to_list() == pytest.approx([i / 100 for i in range(101)])
    for share, gain, risk in (
        *((0.0, 0, 0.9), (0.2, 1 / 3, 0.9), (0.4, 2 / 3, 0.8), (0.5, 2 / 3, 0.6)),
        *((0.6, 2 / 3, 0.6), (0.7, 5 / 6, 0.3), (0.8, 1, 0.3), (1.0, 1, 0.1)),
    ):
        assert at(curve, share)["gain"] == pytest.approx(gain)
        assert at(curve, share)["risk"] == risk


def test_the_order_of_rows_and_of_ties_changes_nothing() -> None:
    rng = np.random.default_rng(0)
    risk = rng.choice([0.1, 0.5, 0.9], 200)
    lost = rng.uniform(size=200) < risk
    curve = gain_curve(risk, lost, resamples=1)
    moved = rng.permutation(200)
    assert gain_curve(risk[moved], lost[moved], resamples=1)["gain"].equals(curve["gain"])
    first = (risk == 0.9).mean()
    caught = lost[risk == 0.9].sum() / lost.sum()
    middle = at(curve, round(first / 2, 2))["gain"]
    assert middle == pytest.approx(round(first / 2, 2) / first * caught)


def test_its_area_is_that_of_the_roc_curve() -> None:
    rng = np.random.default_rng(1)
    risk = rng.uniform(size=5_000)
    lost = rng.uniform(size=5_000) < risk
    curve, rate = gain_curve(risk, lost, resamples=1), lost.mean()
    area = np.trapezoid(curve["gain"], curve["share"])
    assert (area - rate / 2) / (1 - rate) == pytest.approx(auc(risk, lost), abs=1e-3)


def test_profit_is_value_of_the_lost_less_cost_of_all_who_are_acted_on() -> None:
    curve = profit_curve(RISK, LOST, cost=3.0, value=5.0)
    for share, lost in ((0.0, 0), (0.2, 1), (0.4, 2), (0.6, 2), (0.8, 3), (1.0, 3)):
        assert at(curve, share)["profit"] == pytest.approx((5 * lost - 3 * 5 * share) / 5)
    assert curve.filter(pl.col("profit") == pl.col("profit").max())["share"].item() == 0.4


def test_the_band_holds_the_curve_and_is_narrower_for_more_customers() -> None:
    rng = np.random.default_rng(2)

    def width(customers: int) -> float:
        risk = rng.uniform(size=customers)
        curve = profit_curve(risk, rng.uniform(size=customers) < risk, cost=1, value=2)
        inside = curve.filter(pl.col("profit").is_between(pl.col("lower"), pl.col("upper")))
        assert inside.height >= 95
        return float((curve["upper"] - curve["lower"]).mean())

    assert width(4_000) == pytest.approx(width(250) / 4, rel=0.4)


def test_what_cannot_be_drawn_is_refused() -> None:
    with pytest.raises(ValueError, match="nobody was lost; expected at least one customer"):
        gain_curve(RISK, np.zeros(5))
    with pytest.raises(ValueError, match=r"outcome has shape \(4,\); expected \(5,\)"):
        profit_curve(RISK, LOST[:4], cost=1, value=2)
