"""Who is in the holdout and who was treated, by hand."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import numpy as np
import polars as pl
import pytest

from seqchurn.errors import ConfigError
from seqchurn.evaluation import Interventions, cohorts_at
from seqchurn.waits import Clock, histories, known_before

CLOCK = Clock(1.0, "UTC")
LOG = {
    "held": [(0.0, "order"), (5.5, "control"), (8.0, "order"), (9.0, "control")],
    "broken": [(0.0, "order"), (1.0, "control"), (4.0, "coupon")],
    "treated": [(0.0, "order"), (2.0, "coupon"), (7.0, "coupon")],
    "plain": [(0.0, "order"), (6.0, "coupon")],
}
BOTH = Interventions(treatment="coupon", holdout="control")


@pytest.fixture
def known(
    sequences_of: Callable[..., pl.DataFrame], start: datetime
) -> Callable[..., tuple[pl.DataFrame, float]]:
    def of(what: Interventions, day: float) -> tuple[pl.DataFrame, float]:
        sequences = sequences_of(LOG)
        orders = histories(sequences, clock=CLOCK, target="order")
        cutoff = CLOCK.at(start) + day
        return known_before(what.add_to(orders, sequences, CLOCK), cutoff), cutoff

    return of


@pytest.mark.parametrize(
    ("day", "holdout", "treated"),
    [
        (1, set(), set()),  # what is done on the day of the cutoff is not known at it
        (2, {"broken"}, set()),
        (5, {"broken"}, {"treated"}),
        (6, {"broken", "held"}, {"treated"}),
        (10, {"broken", "held"}, {"treated", "plain"}),
    ],
)
def test_holdout_and_treated_are_those_of_before_the_cutoff_and_share_nobody(
    known: Any, day: float, holdout: set[str], treated: set[str]
) -> None:
    rows, cutoff = known(BOTH, day)
    cohorts = cohorts_at(rows, cutoff_day=cutoff)
    ids = rows["customer_id"].to_numpy()
    found = {name: set(ids[cohorts[name]]) for name in ("holdout", "treated") if name in cohorts}
    assert found == {n: s for n, s in (("holdout", holdout), ("treated", treated)) if s}
    assert {cohorts.kinds[name] for name in found} <= {"interventions"}


@pytest.mark.parametrize(
    ("what", "names"),
    [
        (Interventions(treatment="coupon"), {"treated": 3}),
        (Interventions(holdout="control"), {"holdout": 2}),
        (Interventions(), {}),
    ],
)
def test_either_can_be_named_alone(known: Any, what: Interventions, names: dict[str, int]) -> None:
    rows, cutoff = known(what, 10)
    cohorts = cohorts_at(rows, cutoff_day=cutoff)
    assert {n: int(np.sum(m)) for n, m in cohorts.items() if n in ("holdout", "treated")} == names
    what.check(rows)


def test_histories_stay_as_they_are_beside_what_is_added(
    sequences_of: Callable[..., pl.DataFrame],
) -> None:
    sequences = sequences_of(LOG)
    orders = histories(sequences, clock=CLOCK, target="order")
    added = BOTH.add_to(orders, sequences, CLOCK)
    assert added.select(orders.columns).equals(orders)
    assert Interventions().add_to(orders, sequences, CLOCK).equals(orders)


def test_a_holdout_that_was_treated_all_the_same_is_told_of(
    known: Any, caplog: pytest.LogCaptureFixture
) -> None:
    rows, _ = known(BOTH, 10)
    BOTH.check(rows)
    assert "1 of 2 customers of the holdout were treated (coupon) after they had" in caplog.text


@pytest.mark.parametrize("key", ["treatment", "holdout"])
def test_a_type_that_never_occurs_is_refused(known: Any, key: str) -> None:
    what = Interventions(**{key: "mailing"})
    rows, _ = known(what, 10)
    complaint = rf"\[interventions\] {key} mailing never occurs in the log. Name a type"
    with pytest.raises(ConfigError, match=complaint):
        what.check(rows)
