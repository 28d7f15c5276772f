from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from sklearn.linear_model import LogisticRegression

from seqchurn.baselines import Recency
from seqchurn.waits.histories import known_before, next_order_day

CUTOFF = 200.0


def test_the_rule_is_a_logistic_regression_at_the_cutoff_one_horizon_earlier(
    log: pl.DataFrame,
) -> None:
    recency = Recency().fit(log, cutoff_day=CUTOFF, step_days=1.0, horizons_days=[28.0])
    earlier = known_before(log, CUTOFF - 28)
    ordered = earlier["order_days"].list.len() > 0
    quiet = np.log1p(172.0 - earlier.filter(ordered)["order_days"].list.last().to_numpy())
    came = (next_order_day(log, 172.0).filter(ordered) < CUTOFF).fill_null(False).to_numpy()
    peer = LogisticRegression(C=np.inf).fit(quiet[:, None], came)
    known = known_before(log, CUTOFF).filter(pl.col("order_days").list.len() > 0)
    now = np.log1p(CUTOFF - known["order_days"].list.last().to_numpy())
    result = recency.probability(known, cutoff_day=CUTOFF, horizon_days=[28.0])
    assert np.allclose(result[:, 0], peer.predict_proba(now[:, None])[:, 1], atol=0.005)
    assert recency.note is None


def test_the_longer_the_silence_the_smaller_the_probability(log: pl.DataFrame) -> None:
    recency = Recency().fit(log, cutoff_day=CUTOFF, step_days=1.0, horizons_days=[28.0])
    known = known_before(log, CUTOFF).filter(pl.col("order_days").list.len() > 0)
    quiet = CUTOFF - known["order_days"].list.last().to_numpy()
    probability = recency.probability(known, cutoff_day=CUTOFF, horizon_days=[28.0])[:, 0]
    assert (np.diff(probability[np.argsort(quiet)]) <= 0).all()


def test_a_horizon_longer_than_half_the_history_uses_the_longest_that_fits_and_says_so(
    log: pl.DataFrame,
) -> None:
    recency = Recency().fit(log, cutoff_day=CUTOFF, step_days=1.0, horizons_days=[28.0, 150.0])
    assert recency.note is not None
    assert recency.note.startswith("fitted at 100d for 150d: the history before the cutoff is 200")
    known = known_before(log, CUTOFF)
    ordered = (known["order_days"].list.len() > 0).to_numpy()
    longest = Recency().fit(log, cutoff_day=CUTOFF, step_days=1.0, horizons_days=[100.0])
    one = recency.probability(known, cutoff_day=CUTOFF, horizon_days=[150.0])
    other = longest.probability(known, cutoff_day=CUTOFF, horizon_days=[100.0])
    assert (one[ordered] == other[ordered]).all()


def test_a_horizon_that_was_not_fitted_is_refused(log: pl.DataFrame) -> None:
    recency = Recency().fit(log, cutoff_day=CUTOFF, step_days=1.0, horizons_days=[28.0])
    with pytest.raises(ValueError, match="no distribution; it answers only for 28d"):
        recency.probability(known_before(log, CUTOFF), cutoff_day=CUTOFF, horizon_days=[29.0])
