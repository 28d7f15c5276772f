from __future__ import annotations

import sys
from datetime import date

import numpy as np
import polars as pl
import pytest

from seqchurn.baselines import BoostedTrees, Recency, check_baselines
from seqchurn.baselines.boosted_trees import cuts
from seqchurn.errors import ConfigError
from seqchurn.metrics import auc, log_loss
from seqchurn.waits.histories import known_before, next_order_day

CUTOFF = 200.0


def fitted(log: pl.DataFrame, horizons: tuple[float, ...] = (7.0,)) -> BoostedTrees:
    return BoostedTrees().fit(log, cutoff_day=CUTOFF, step_days=1.0, horizons_days=horizons)


def asked(
    trees: BoostedTrees, log: pl.DataFrame, horizons: tuple[float, ...] = (7.0,)
) -> np.ndarray:
    known = known_before(log, CUTOFF)
    return trees.probability(known, cutoff_day=CUTOFF, horizon_days=horizons)


def test_cuts_are_a_week_apart_and_a_horizon_before_the_cutoff() -> None:
    found = cuts(0.0, 273.0, horizon_days=28.0, step_days=1.0)
    assert found == [245.0 - 7 * i for i in range(12)]
    early = cuts(0.0, 273.0, horizon_days=230.0, step_days=1.0)
    assert early == [43.0, 36.0, 29.0, 22.0, 15.0, 8.0]  # a week of history at least
    assert cuts(0.0, 273.0, horizon_days=272.0, step_days=1.0) == []
    hours = cuts(0.0, 7.0, horizon_days=0.5, step_days=1 / 24)
    assert np.allclose(np.multiply(24, hours), 156 - np.arange(11) * 14)  # 7 days / 12 = 14 hours


def test_a_horizon_without_a_cut_has_no_answer_and_the_note_says_why(log: pl.DataFrame) -> None:
    trees = fitted(log, (7.0, 195.0))
    assert [trees.answers(7.0), trees.answers(195.0)] == [True, False]
    assert trees.note is not None
    assert trees.note.startswith("no answer for 195d: the history before the cutoff is 200 days")
    probability = asked(trees, log, (195.0, 7.0))
    assert np.isnan(probability[:, 0]).all()
    assert np.isfinite(probability[:, 1]).all()
    with pytest.raises(ValueError, match="lightgbm has no distribution; it answers only for 7d"):
        asked(trees, log, (8.0,))


def test_a_view_that_comes_before_orders_tells_of_them(log_with_events: pl.DataFrame) -> None:
    came = (next_order_day(log_with_events, CUTOFF).to_numpy() < CUTOFF + 7)[:, None]
    blind = log_with_events.drop("events")
    with_views = asked(fitted(log_with_events), log_with_events)
    without = asked(fitted(blind), blind)
    assert auc(with_views[:, 0], came[:, 0]) > auc(without[:, 0], came[:, 0]) + 0.01
    assert log_loss(with_views[:, 0], came[:, 0]) < log_loss(without[:, 0], came[:, 0])


def test_with_events_customers_without_an_order_are_told_apart(
    log_with_events: pl.DataFrame,
) -> None:
    never = (known_before(log_with_events, CUTOFF)["order_days"].list.len() == 0).to_numpy()
    assert np.ptp(asked(fitted(log_with_events), log_with_events)[never]) > 0.01
    blind = log_with_events.drop("events")
    assert np.ptp(asked(fitted(blind), blind)[never]) == 0.0


def test_no_event_at_or_after_the_cutoff_changes_a_prediction(
    log_with_events: pl.DataFrame,
) -> None:
    known = known_before(log_with_events, CUTOFF)
    expected = asked(fitted(known), known)
    assert (asked(fitted(log_with_events), known) == expected).all()
    later = log_with_events.filter(pl.col("first_day") < CUTOFF)
    probability = fitted(known).probability(later, cutoff_day=CUTOFF, horizon_days=[7.0])
    assert (probability == expected).all()


def test_the_same_histories_in_any_order_give_the_same_trees(log_with_events: pl.DataFrame) -> None:
    mixed = log_with_events.sample(fraction=1.0, shuffle=True, seed=3)
    expected = asked(fitted(log_with_events), log_with_events)
    assert (asked(fitted(mixed), log_with_events) == expected).all()


def test_histories_without_the_events_of_the_fit_are_refused(log_with_events: pl.DataFrame) -> None:
    with pytest.raises(ValueError, match="lightgbm was fitted with events"):
        asked(fitted(log_with_events), log_with_events.drop("events"))


def test_without_lightgbm_the_error_names_the_extra(
    log: pl.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "lightgbm", None)
    for attempt in (check_baselines, lambda: fitted(log)):
        with pytest.raises(ConfigError, match=r"pip install 'seqchurn\[baselines\]'"):
            attempt()


def test_it_loses_far_less_than_the_recency_rule_on_the_cdnow_sample(
    cdnow_sample: pl.DataFrame,
) -> None:
    cutoff = float((date(1997, 10, 1) - date(1970, 1, 1)).days)
    came = next_order_day(cdnow_sample, cutoff).to_numpy() < cutoff + 91
    recency, trees = (
        baseline.fit(
            cdnow_sample, cutoff_day=cutoff, step_days=1.0, horizons_days=[91.0]
        ).probability(cdnow_sample, cutoff_day=cutoff, horizon_days=[91.0])[:, 0]
        for baseline in (Recency(), BoostedTrees())
    )
    assert auc(trees, came) > 0.775
    assert log_loss(trees, came) < log_loss(recency, came) - 0.02
