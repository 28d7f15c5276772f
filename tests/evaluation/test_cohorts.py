from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from itertools import groupby

import numpy as np
import polars as pl
import pytest

from seqchurn.evaluation import Outcomes, cohorts_at, count_events


def known(*rows: tuple[float, list[float]]) -> pl.DataFrame:
    """Histories from (first day, order days), with the cutoff on day 0."""
    schema = {"customer_id": pl.String, "first_day": pl.Float64, "order_days": pl.List(pl.Float64)}
    named = [(str(i), first, days) for i, (first, days) in enumerate(rows)]
    return pl.DataFrame(named, schema=schema, orient="row")


KNOWN = known((-90, [-90, -3]), (-50, [-50]), (-9, [-8, -7]), (-60, []), (-2, [-1]), (-5, []))


def members(**options: object) -> dict[str, list[int]]:
    found = cohorts_at(KNOWN, cutoff_day=0.0, **options)  # type: ignore[arg-type]
    return {name: np.flatnonzero(mask).tolist() for name, mask in found.items()}


def test_customers_belong_to_cohorts_by_orders_tenure_and_quiet_time() -> None:
    assert members() == {
        "all": [0, 1, 2, 3, 4, 5],
        "no order yet": [3, 5],
        "one order": [1, 4],
        "repeat": [0, 2],
        "tenure < 8d": [4, 5],
        "tenure 8d to 53d": [1, 2],
        "tenure >= 53d": [0, 3],
        "quiet < 3d": [4],
        "quiet 3d to 7d": [0],
        "quiet >= 7d": [1, 2],
    }


def test_cohorts_of_one_kind_stand_together_and_share_no_customer(outcomes: Outcomes) -> None:
    cohorts = outcomes.cohorts
    assert len(cohorts) == len(cohorts.kinds) == 11
    in_order = [kind for kind, _ in groupby(cohorts, key=lambda name: cohorts.kinds[name])]
    assert in_order == ["customers", "number of orders", "number of events", "tenure", "quiet time"]
    for kind in in_order:
        own = [mask for name, mask in cohorts.items() if cohorts.kinds[name] == kind]
        assert np.sum(own, axis=0).max() == 1
    assert cohorts.kinds["one event"] == "number of events"
    assert cohorts.kinds["repeat"] == "number of orders"


def test_one_event_is_a_cohort_where_events_are_counted() -> None:
    assert "one event" not in members()
    assert members(event_counts=np.array([5, 1, 2, 1, 9, 3]))["one event"] == [1, 3]


def test_a_cohort_of_everybody_or_of_nobody_is_left_out() -> None:
    everybody = known((-5, [-4]), (-5, [-4]))
    assert list(cohorts_at(everybody, cutoff_day=0.0, event_counts=np.array([1, 1]))) == ["all"]


def test_thirds_that_share_a_border_make_two_cohorts() -> None:
    same = known((-5, []), (-5, []), (-5, []), (-5, []), (-9, []))
    found = cohorts_at(same, cutoff_day=0.0)
    assert list(found) == ["all"]  # all are at least 5 days old
    mixed = known((-1, []), (-5, []), (-5, []), (-5, []), (-9, []))
    found = cohorts_at(mixed, cutoff_day=0.0)
    assert {n: m.sum() for n, m in found.items()} == {"all": 5, "tenure < 5d": 1, "tenure >= 5d": 4}


def test_borders_of_hours_read_as_hours() -> None:
    seconds = known(*((-i / 86_400, [-i / 86_400]) for i in range(1, 90_001, 1_000)))
    found = cohorts_at(seconds, cutoff_day=0.0)
    names = [name for name in found if name.startswith("quiet")]
    assert names == ["quiet < 8.2h", "quiet 8.2h to 16h", "quiet >= 16h"]


@pytest.mark.parametrize("kind", ["tenure", "quiet"])
def test_every_customer_with_a_value_is_in_one_third(outcomes: Outcomes, kind: str) -> None:
    thirds = [mask for name, mask in outcomes.cohorts.items() if name.startswith(kind)]
    assert len(thirds) == 3
    ordered = ~outcomes.cohorts["no order yet"]
    expected = ordered if kind == "quiet" else np.full(200, True)
    assert np.array_equal(np.sum(thirds, axis=0), expected)


def test_events_of_any_type_before_the_instant_are_counted(
    sequences_of: Callable[..., pl.DataFrame], start: object
) -> None:
    log = {"a": [(0, "order"), (1, "visit"), (2, "order")], "b": [(2, "visit")], "c": [(3, "x")]}
    counts = count_events(sequences_of(log), start + timedelta(days=2))  # type: ignore[operator]
    assert counts.tolist() == [2, 0, 0]
