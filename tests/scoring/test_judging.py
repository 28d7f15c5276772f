"""What a score table said and what followed, counted by hand."""

from __future__ import annotations

import logging
import math
import shutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from seqchurn.errors import DataError
from seqchurn.scoring import Judged, OrderLog, judge, score_tables
from seqchurn.storage import BucketStore
from seqchurn.waits import Clock, histories
from tests.scoring.conftest import Publish

DAILY = Clock(1.0)
LOG = {
    "a": [(0.5, "order"), (10.0, "order"), (10.7, "order"), (12.5, "order"), (19.0, "order")],
    "b": [(3.0, "order"), (17.0, "order")],
    "c": [(4.0, "visit"), (13.0, "visit")],
    "late": [(11.0, "order")],
}
SAID = {"7d": ([0.9, 0.5, 0.2], [1.5, 0.75, 0.25]), "14d": ([0.95, 0.7, 0.4], [3.0, 1.5, 0.5])}
"""As of day 10 of customers a, b and c: in the week a orders on days 10 and 12, b and c do not."""


@pytest.fixture
def log(sequences_of: Callable[..., pl.DataFrame], start: datetime) -> Callable[[float], OrderLog]:
    """The orders up to a day of the drawn log."""

    def known_until(day: float) -> OrderLog:
        orders = histories(sequences_of(LOG), clock=DAILY, target="order")
        return OrderLog(orders, DAILY, DAILY.at(start) + day)

    return known_until


def judged(folder: Path, log: OrderLog, **more: Any) -> Judged:
    [table] = score_tables(folder, log.clock)
    found = judge(table, log, dataset="shop", bins=2, **more)
    assert found is not None
    return found


def test_customers_and_order_days_are_those_that_followed(
    publish: Publish, log: Callable[[float], OrderLog]
) -> None:
    [week] = judged(publish(10, ["a", "b", "c"], SAID), log(20)).rows
    assert (week["as_of"], week["week"]) == ("2020-01-11", "2020-01-06")
    assert (week["model"], week["horizon_days"]) == ("shop version 1", 7.0)
    assert (week["cohort"], week["n"], week["scored"]) == ("all", 3, 3)
    assert (week["customers_expected"], week["customers_observed"]) == (pytest.approx(1.6), 1)
    assert (week["orders_expected"], week["orders_observed"]) == (2.5, 2)
    residuals = [2 - 0.8 * 1.5, -0.8 * 0.75, -0.8 * 0.25]
    assert week["orders_spread"] == pytest.approx(math.hypot(*residuals))
    assert week["auc"] == 1.0
    expected = -(math.log(0.9) + math.log(0.5) + math.log(0.8)) / 3
    assert week["log_loss"] == pytest.approx(expected)


def test_a_horizon_is_judged_as_soon_as_the_log_reaches_its_end(
    publish: Publish, log: Callable[[float], OrderLog]
) -> None:
    [table] = score_tables(publish(10, ["a", "b", "c"], SAID), DAILY)
    passed = {day: list(table.passed(DAILY, log(day).end_day)) for day in (16, 17, 23, 24)}
    assert passed == {16: [], 17: ["7d"], 23: ["7d"], 24: ["7d", "14d"]}
    both = judged(table.snapshot.folder.parent, log(24)).rows
    assert [row["orders_observed"] for row in both] == [2, 4]  # days 10, 12; and b's 17, a's 19
    assert [row["customers_observed"] for row in both] == [1, 2]


def test_horizons_are_those_of_the_table_in_its_own_order_of_customers(
    publish: Publish, log: Callable[[float], OrderLog]
) -> None:
    shuffled = {"168h": ([0.2, 0.9, 0.5], [0.25, 1.5, 0.75])}
    [row] = judged(publish(10, ["c", "a", "b"], shuffled), log(20)).rows
    assert (row["horizon_days"], row["auc"]) == (7.0, 1.0)
    assert row["orders_spread"] == pytest.approx(math.hypot(0.8, 0.6, 0.2))


def test_who_was_scored_and_is_gone_is_counted_and_who_was_not_scored_plays_no_part(
    publish: Publish, log: Callable[[float], OrderLog]
) -> None:
    """`gone` was merged into another customer since; b was known later than the table was made."""
    said = {"7d": ([0.9, 0.5, 0.2], [1.5, 0.75, 0.25])}
    [row] = judged(publish(10, ["a", "gone", "c"], said), log(20)).rows
    assert (row["scored"], row["n"]) == (3, 2)
    assert (row["orders_expected"], row["orders_observed"]) == (1.75, 2)


def test_a_table_of_strangers_is_left_out_with_a_warning(
    publish: Publish, log: Callable[[float], OrderLog], caplog: pytest.LogCaptureFixture
) -> None:
    said = {"7d": ([0.9, 0.5], [1.5, 0.75])}
    [table] = score_tables(publish(10, ["late", "gone"], said), DAILY)
    with caplog.at_level(logging.WARNING, logger="seqchurn"):
        assert judge(table, log(20), dataset="shop", bins=2) is None
    assert "none of its customers is in the log any more" in caplog.text


def test_groups_of_customers_are_reported_when_they_are_asked_for(
    publish: Publish, log: Callable[[float], OrderLog]
) -> None:
    asked = ["all", "one order", "no order yet", "nobody"]
    found = judged(publish(10, ["a", "b", "c"], SAID), log(24), cohorts=asked)
    counts = {(r["cohort"], r["horizon_days"]): r["orders_observed"] for r in found.rows}
    assert counts == {
        ("all", 7.0): 2,
        ("all", 14.0): 4,
        ("one order", 7.0): 2,  # a and b, with an order each before
        ("one order", 14.0): 4,
        ("no order yet", 7.0): 0,
        ("no order yet", 14.0): 0,
    }
    assert found.curves["cohort"].unique(maintain_order=True).to_list() == asked[:3]


def test_curves_are_those_of_evaluations(
    publish: Publish, log: Callable[[float], OrderLog]
) -> None:
    curve = judged(publish(10, ["a", "b", "c"], SAID), log(20)).curves
    assert curve["n"].to_list() == [3]  # too few customers for a second bin
    assert curve["predicted"].to_list() == [pytest.approx(1.6 / 3)]
    assert curve["observed"].to_list() == [pytest.approx(1 / 3)]


def test_tables_come_by_their_moments_and_what_is_none_is_named(
    publish: Publish, caplog: pytest.LogCaptureFixture
) -> None:
    for day in (12, 10, 11):
        folder = publish(day, ["a"], {"7d": ([0.9], [1.5])}, version=str(day))
    (folder / "as_of=2020-01-30" / "unfinished").mkdir(parents=True)  # a guard refused
    shutil.copytree(folder / "as_of=2020-01-11T00", folder / "as_of=2020-01-11T00.bak")
    shutil.copytree(folder / "as_of=2020-01-11T00", folder / "as_of=2020-01-20")
    shutil.copytree(folder / "as_of=2020-01-11T00", folder / "as_of=2020-01-21")
    (folder / "as_of=2020-01-21" / "manifest.json").write_text("{")
    publish(10.25, ["a"], {"7d": ([0.9], [1.5])})
    with caplog.at_level(logging.WARNING, logger="seqchurn"):
        models = [table.model for table in score_tables(folder, DAILY)]
    assert models == ["shop version 10", "shop version 11", "shop version 12"]
    said = [record.getMessage() for record in caplog.records]
    assert said == [
        f"left out {folder}/as_of=2020-01-11T00.bak, whose name does not agree with its manifest",
        f"left out {folder}/as_of=2020-01-20, whose name does not agree with its manifest",
        f"left out {folder}/as_of=2020-01-11T06, which is not on the grid of waits of the config",
        f"left out {folder}/as_of=2020-01-21, which holds no table that can be read",
    ]
    hourly = score_tables(folder, Clock(0.25))
    assert [table.is_on(Clock(7.0)) for table in hourly] == [False] * 4


def test_without_a_table_there_is_nothing_to_judge(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no score table in .* can be judged. Run seqchurn score."):
        score_tables(tmp_path / "scores", DAILY)


def test_tables_of_moments_long_ago_are_left_alone(publish: Publish, start: datetime) -> None:
    for day in (9, 10, 11):
        folder = publish(day, ["a"], {"7d": ([0.9], [1.5])}, version=str(day))
    (folder / "as_of=2020-01-10T00" / "manifest.json").write_text("{")  # of day 9: not even opened
    since_day = DAILY.at(start) + 10
    found = score_tables(folder, DAILY, since_day=since_day)
    assert [table.model for table in found] == ["shop version 10", "shop version 11"]
    with pytest.raises(DataError, match="no score table as of 2020-01-14 or later in .* can be ju"):
        score_tables(folder, DAILY, since_day=since_day + 3)


def test_orders_are_read_bucket_by_bucket(
    sequences_of: Callable[..., pl.DataFrame], tmp_path: Path
) -> None:
    sequences, store = sequences_of(LOG), BucketStore(tmp_path / "sequences")
    with store.publish() as writer:
        writer.write(1, sequences[:1])
        writer.write(5, sequences[1:])
    read = OrderLog.read(store.snapshot(), clock=DAILY, target="order", end_day=1.0)
    assert read.histories.equals(histories(sequences, clock=DAILY, target="order"))
