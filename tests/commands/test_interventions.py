"""A holdout named in the config is evaluated, has gates and is monitored, on a small shop."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import polars as pl
import pytest

from tests.commands.test_monitor import FEW, runs
from tests.commands.test_promote import another, tags
from tests.shop import AS_OF, CONFIG, CUTOFF, START, Shop

CONTROL = {
    "name": "control",
    "kind": "csv",
    "path": "raw/control.csv",
    "customer_id": "who",
    "timestamp": "at",
    "event_type": "control",
}
WIDE = ["--gates.max_ece", "1", "--gates.max_ece_cohort", "1"]
NAMED = {"interventions": {"holdout": "control", "treatment": "visit"}}


@pytest.fixture
def held(trained: Shop) -> Shop:
    """The shop with every third customer in the holdout, from the hundredth day on."""
    at = (START + timedelta(days=100)).strftime("%Y-%m-%dT%H:%M:%SZ")
    who = [f"c{i:02}" for i in range(0, 60, 3)]
    pl.DataFrame({"who": who, "at": [at] * 20}).write_csv(trained.folder / "raw" / "control.csv")
    sources = [*CONFIG["events"]["sources"], CONTROL]
    shop = trained.again("shop", events__sources=sources, **NAMED)
    shop.must("prepare")
    return shop


def rows(shop: Shop, file: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((shop.store / file).read_text())
    return found


def test_evaluate_shows_the_holdout_beside_all_customers(held: Shop) -> None:
    page = held.must("evaluate")
    assert "20 customers (cohort holdout)" in page
    found = rows(held, f"evaluation/shop/cutoff={CUTOFF}/evaluation.json")
    held_out = [row for row in found if row["cohort"] == "holdout"]
    assert {(row["n"], row["horizon_days"]) for row in held_out} == {(20, 7.0), (20, 28.0)}
    assert {row["model"] for row in held_out} == {row["model"] for row in found}


def test_the_holdout_has_gates_of_its_own(held: Shop) -> None:
    another(held)
    page = held.must("promote", *WIDE, "--gates.min_cohort", "20")
    names = {"log_loss 7d holdout", "log_loss 28d holdout", "ece 7d holdout", "ece 28d holdout"}
    assert names <= set(json.loads(tags(held, "2")["gates"]))
    assert all(f"{name}  " in page for name in names)


def test_no_gate_looks_at_a_holdout_that_is_too_small(held: Shop) -> None:
    another(held)
    done = held.run("promote", *WIDE, "--gates.min_cohort", "21")
    assert done.status == 0
    assert "the holdout has 20 customers before 2024-06-21T00:00:00+00:00, fewer" in done.err
    assert "or everybody: no gate looks at it" in done.err
    assert "holdout" not in tags(held, "2")["gates"]


def test_the_holdout_is_monitored_and_raises_an_alarm_of_its_own(held: Shop) -> None:
    held.must("score", "--as_of", AS_OF)
    done = held.run("monitor", *FEW, "--monitoring.band", "[0.999,1.001]")
    assert done.status == 6
    assert "of them, cohort holdout" in done.out
    assert "within 7d, cohort holdout, 1 table(s)" in done.err
    latest = rows(held, "monitoring/shop/latest.json")
    assert [(row["cohort"], row["n"]) for row in latest if row["horizon_days"] == 7.0] == [
        ("all", 60),
        ("holdout", 20),
    ]
    assert "shop_version_1/holdout/auc_7d" in runs(held)[0].data.metrics


@pytest.mark.parametrize("verb", ["evaluate", "backtest", "promote", "monitor"])
def test_a_holdout_that_nobody_is_in_is_a_mistake(trained: Shop, verb: str) -> None:
    if verb == "promote":
        another(trained)
    done = trained.run(verb, "--interventions.holdout", "control")
    assert done.status == 2
    assert "[interventions] holdout control never occurs in the log" in done.err
