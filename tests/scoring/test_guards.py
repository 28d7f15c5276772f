"""Every guard reads the number that was planted, and does with it what the config says."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, get_args

import numpy as np
import polars as pl
import pytest

from seqchurn.config.guards import GuardName, GuardsConfig
from seqchurn.errors import DataError
from seqchurn.scoring.guards import GUARDS, Finding, Night, ask_guards
from seqchurn.scoring.profile import Profile
from seqchurn.storage import BucketStore, Snapshot

AS_OF = datetime(2024, 6, 15, tzinfo=UTC)
HORIZONS = {"28d": 28.0, "7d": 7.0}  # as somebody may write them
N = 1_000


def scores(seed: int = 0, n: int = N, **columns: Any) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    week = rng.uniform(0.0, 0.5, n)
    plain = {
        "p_order_28d": week + 0.3,
        "p_order_7d": week,
        "p_churn": 1.0 - week,
        "p_never": np.zeros(n),
        "expected_orders_28d": 4.0 * week + 0.3,
        "expected_orders_7d": week,
        "quiet_days": rng.integers(0, 60, n).astype(float),
        "as_of": AS_OF,
        "next_order_p10": AS_OF,
        "next_order_p50": AS_OF + timedelta(days=5),
        "next_order_p90": pl.Series([None] * n, dtype=pl.Datetime("us", "UTC")),
    }
    return pl.DataFrame({**plain, **columns})


def profile(**fields: Any) -> Profile:
    known = {
        "events": 50_000,
        "newest_event_at": AS_OF - timedelta(hours=5),
        "newest_target_at": AS_OF - timedelta(hours=6),
        "recent_events": {"order": 900, "visit": 1_100},
    }
    return Profile(**{**known, **fields})


def table(folder: Path, rows: pl.DataFrame, made_from: Profile | None) -> Snapshot:
    store = BucketStore(folder)
    facts: dict[str, Any] = {"profile": made_from.to_dict()} if made_from else {}
    facts |= {"model_name": "shop", "model_version": "1"}
    with store.publish(**facts) as writer:
        writer.write(0, rows)
    return store.snapshot()


@pytest.fixture
def night(tmp_path: Path) -> Night:
    """A night like the one before it."""
    return Night(
        as_of=AS_OF,
        scores=scores(1).lazy(),
        profile=profile(events=50_300),
        previous=table(tmp_path / "last", scores(0), profile()),
        known_types=frozenset({"order", "visit"}),
        trained_until=AS_OF - timedelta(days=30),
        horizons=HORIZONS,
        model=("shop", "1"),
    )


def read(night: Night, guard: str) -> Finding:
    every = {name: 0.0 for name in GuardsConfig.model_fields if name.startswith("max_")}
    config = GuardsConfig(**{**every, "max_bad_scores": 0, "warn": list(get_args(GuardName))})
    [finding] = [f for f in ask_guards(night, config) if f.guard == guard]
    return finding


def test_guards_limits_and_names_agree() -> None:
    limits = [name for name in GuardsConfig.model_fields if name.startswith("max_")]
    assert [f"max_{guard}" for guard in GUARDS] == limits
    assert list(get_args(GuardName)) == list(GUARDS)


def test_a_night_like_the_last_one_passes(night: Night) -> None:
    findings = ask_guards(night, GuardsConfig(warn=[]))
    assert [finding.guard for finding in findings] == list(GUARDS)
    assert all(finding.passed for finding in findings)


def test_the_first_night_passes_what_there_is_nothing_to_compare_with(night: Night) -> None:
    first = replace(night, previous=None)
    read_ones = [finding.guard for finding in ask_guards(first, GuardsConfig(warn=[]))]
    alone = ["staleness_hours", "order_staleness_hours", "model_age_days", "bad_scores"]
    assert read_ones == [*alone, "unknown_events"]


def test_a_table_of_an_older_program_is_compared_as_far_as_it_goes(
    night: Night, tmp_path: Path
) -> None:
    old = replace(night, previous=table(tmp_path / "old", scores(0), None))
    found = {finding.guard for finding in ask_guards(old, GuardsConfig(warn=[]))}
    assert {"customers_dropped", "score_psi"} <= found
    assert not {"events_dropped", "event_mix_psi"} & found


def test_a_stale_log_and_an_old_model(night: Night) -> None:
    newest = AS_OF - timedelta(hours=100)
    stale = read(replace(night, profile=profile(newest_event_at=newest)), "staleness_hours")
    assert stale.value == 100.0
    assert stale.text == "the newest event is of 2024-06-10 20:00, 100 hours before"
    ordered = replace(night, profile=profile(newest_target_at=newest))
    assert read(ordered, "staleness_hours").value == 5.0
    assert read(ordered, "order_staleness_hours").value == 100.0
    assert read(night, "model_age_days").value == 30.0


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("p_order_7d", float("nan")),
        ("p_order_7d", None),
        ("p_order_7d", 0.9),  # rarer within 28 days than within 7
        ("p_order_28d", 1.01),
        ("p_churn", -0.01),
        ("p_never", float("nan")),
        ("expected_orders_28d", float("inf")),
        ("expected_orders_7d", -1.0),
        ("quiet_days", -1.0),
    ],
)
def test_values_that_cannot_be_are_counted(column: str, value: float | None, night: Night) -> None:
    hurt = pl.when(pl.int_range(pl.len()) < 3).then(pl.lit(value, pl.Float64))
    rows = night.scores.with_columns(hurt.otherwise(pl.col(column)).alias(column))
    assert read(replace(night, scores=rows), "bad_scores").value == 3


@pytest.mark.parametrize(
    ("column", "days"),
    [("next_order_p10", -1), ("next_order_p10", 6), ("next_order_p90", 4)],
)
def test_dates_that_cannot_be_are_counted(column: str, days: int, night: Night) -> None:
    hurt = pl.when(pl.int_range(pl.len()) < 3).then(pl.lit(AS_OF + timedelta(days=days)))
    rows = night.scores.with_columns(hurt.otherwise(pl.col(column)).alias(column))
    assert read(replace(night, scores=rows), "bad_scores").value == 3


def test_who_never_ordered_has_no_quiet_days_and_is_fine(night: Night) -> None:
    rows = night.scores.with_columns(quiet_days=pl.lit(None, pl.Float64))
    assert read(replace(night, scores=rows), "bad_scores").value == 0


def test_customers_and_events_that_have_gone(night: Night) -> None:
    fewer = replace(night, scores=scores(n=900).lazy(), profile=profile(events=40_000))
    customers, events = read(fewer, "customers_dropped"), read(fewer, "events_dropped")
    assert customers.value == pytest.approx(0.1)
    assert customers.text == "900 customers, 10.0% fewer than the 1,000 of the last table"
    assert events.value == pytest.approx(0.2)
    assert read(night, "events_dropped").value == 0.0  # there are more


def test_event_types_that_the_model_has_never_seen(night: Night) -> None:
    recent = {"order": 70, "quiz": 20, "visit": 0, "poll": 10}
    finding = read(replace(night, profile=profile(recent_events=recent)), "unknown_events")
    assert finding.value == pytest.approx(0.3)
    assert finding.text == "30.0% of the recent events are of types new to the model: quiz, poll"
    assert read(replace(night, profile=profile(recent_events={})), "unknown_events").value == 0.0


def test_scores_that_have_moved_name_the_horizon(night: Night) -> None:
    moved = night.scores.with_columns(pl.col("p_order_28d") * 0.5)
    for guard in ("score_psi", "score_distance"):
        assert read(night, guard).value < 0.1
        finding = read(replace(night, scores=moved), guard)
        assert finding.value > 0.25
        assert finding.text.startswith("p_order_28d is ")


def test_another_model_may_move_scores_and_nothing_else(
    night: Night, caplog: pytest.LogCaptureFixture
) -> None:
    strict = GuardsConfig(warn=[])
    moved = replace(night, scores=night.scores.with_columns(pl.col("p_order_28d") + 0.2))
    with pytest.raises(DataError, match=r"score_psi +p_order_28d is "):
        ask_guards(moved, strict)
    ask_guards(replace(moved, model=("shop", "2")), strict)
    assert "score_psi: p_order_28d is " in caplog.text
    later = night.scores.with_columns(pl.col("quiet_days") + 30.0)
    with pytest.raises(DataError, match="quiet_psi"):
        ask_guards(replace(night, scores=later, model=("shop", "2")), strict)


def test_quiet_days_and_event_types_that_have_moved(night: Night) -> None:
    later = night.scores.with_columns(pl.col("quiet_days") + 30.0)
    assert read(night, "quiet_psi").value < 0.1
    assert read(replace(night, scores=later), "quiet_psi").value > 0.25
    other = replace(night, profile=profile(recent_events={"order": 1_900, "visit": 100}))
    assert read(night, "event_mix_psi").value == pytest.approx(0.0, abs=1e-6)
    assert read(other, "event_mix_psi").value > 0.25


def test_of_a_few_customers_or_events_no_shift_is_told(night: Night, tmp_path: Path) -> None:
    few = replace(
        night,
        previous=table(tmp_path / "few", scores(n=499), profile(recent_events={"order": 499})),
    )
    found = {finding.guard for finding in ask_guards(few, GuardsConfig(warn=[]))}
    assert not {"score_psi", "score_distance", "quiet_psi", "event_mix_psi"} & found


def test_a_refusal_says_what_was_found_and_what_to_do(night: Night) -> None:
    stale = profile(newest_event_at=AS_OF - timedelta(hours=100), events=10_000)
    with pytest.raises(DataError, match="are not published") as refused:
        ask_guards(replace(night, profile=stale), GuardsConfig())
    assert str(refused.value).splitlines() == [
        "scores as of 2024-06-15T00:00:00+00:00 are not published, for these guards refuse:",
        "guard            found                                                         limit",
        "---------------  ------------------------------------------------------------  -----",
        "staleness_hours  the newest event is of 2024-06-10 20:00, 100 hours before     72",
        "events_dropped   10,000 events, 80.0% fewer than the 50,000 of the last table  0.05",
        "What was published before stays in place, and nothing has to be scored again. Mend the "
        "input; or, if it is right, raise the limit (--guards.max_...) or name the guard in "
        "guards.warn.",
    ]


def test_a_guard_that_warns_lets_the_table_pass(
    night: Night, caplog: pytest.LogCaptureFixture
) -> None:
    stale = replace(night, profile=profile(newest_event_at=AS_OF - timedelta(hours=100)))
    with caplog.at_level(logging.WARNING):
        findings = ask_guards(stale, GuardsConfig(warn=["staleness_hours"]))
    assert findings[0].value == 100.0
    assert "staleness_hours: the newest event is of 2024-06-10 20:00, 100 hours" in caplog.text


def test_a_guard_without_a_limit_is_not_asked(night: Night) -> None:
    findings = ask_guards(night, GuardsConfig(max_staleness_hours=None, max_score_psi=None))
    assert not {"staleness_hours", "score_psi"} & {finding.guard for finding in findings}
