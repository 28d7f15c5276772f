"""Every notebook runs from start to end on a small shop, and says what the tables say."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest

from seqchurn.evaluation.backtest import compared
from seqchurn.metrics import profit_curve
from tests.notebooks.running import NOTEBOOKS, charts, printed, run_notebook
from tests.shop import CUTOFF, Opened, Shop, copied

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def shop(whole_way: Opened, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """A copy to work on."""
    return copied(whole_way, tmp_path_factory.mktemp("read") / "shop")


@pytest.fixture(scope="module")
def ran(shop: Shop) -> dict[str, Any]:
    """Notebooks by their number, with outputs."""
    config = shop.folder / "notebooks.yaml"
    text = shop.config.read_text(encoding="utf-8")
    config.write_text(f"{text}backtest: {{cutoffs: 2, every: 28d}}\n", encoding="utf-8")
    return {file.name[:2]: run_notebook(file, config) for file in NOTEBOOKS}


def numbers(text: str, pattern: str) -> list[float]:
    [found] = re.findall(pattern, text)
    return [float(number) for number in (found if isinstance(found, tuple) else [found])]


def rows(shop: Shop) -> list[dict[str, Any]]:
    folder = shop.store / "evaluation" / "shop" / f"cutoff={CUTOFF}"
    found: list[dict[str, Any]] = json.loads((folder / "evaluation.json").read_text())
    return found


def network(shop: Shop) -> dict[float, dict[str, Any]]:
    own = [r for r in rows(shop) if (r["cohort"], r["model"]) == ("all", "seqchurn lstm")]
    return {row["horizon_days"]: row for row in own}


def within_28_days(shop: Shop) -> pl.DataFrame:
    """The score table at the cutoff, and from the events who `ordered` in the 28 days from it."""
    cutoff = datetime.fromisoformat(CUTOFF).replace(tzinfo=UTC)
    events = shop.table("events").scan().filter(pl.col("event_type") == "order")
    after = pl.col("timestamp").is_between(cutoff, cutoff + timedelta(days=28), closed="left")
    came = events.filter(after).select("customer_id").unique().with_columns(ordered=True)
    scores = shop.table("scores", as_of=CUTOFF).scan()
    known = scores.join(came, on="customer_id", how="left", maintain_order="left")
    return known.with_columns(pl.col("ordered").fill_null(value=False)).collect()


def test_there_are_six() -> None:
    assert [file.name[:2] for file in NOTEBOOKS] == ["01", "02", "03", "04", "05", "06"]


def test_from_a_raw_log_to_scores(ran: dict[str, Any], shop: Shop) -> None:
    said = printed(ran["01"])
    week = network(shop)[7.0]
    assert numbers(said, r"\ncustomers (\d+)\nordered") == [week["n"]]
    [rate] = numbers(said, r"ordered within 7 days: (\S+)")
    assert rate == pytest.approx(week["base_rate"], abs=1e-4)
    table = shop.table("scores", as_of=CUTOFF).scan().collect()
    [mean] = numbers(said, r"\nsaid: (\S+)")
    assert mean == pytest.approx(table["p_order_7d"].mean(), abs=1e-4)


def test_exploring_event_sequences(ran: dict[str, Any], shop: Shop) -> None:
    events = shop.table("events").scan().collect()
    said = printed(ran["02"])
    assert numbers(said, r"\nevents (\d+)\n$") == [events.height]
    assert numbers(said, r"\norders (\d+)\n") == [events.filter(event_type="order").height]
    assert charts(ran["02"]) == 5


def test_is_the_network_worth_it(ran: dict[str, Any], shop: Shop) -> None:
    said = printed(ran["03"])
    for horizon, row in network(shop).items():
        line = f"within {horizon:g}d AUC {row['auc']:.4f} log-loss {row['log_loss']:.4f}"
        assert line in said.splitlines()
    assert charts(ran["03"]) == 3


def test_one_customer(ran: dict[str, Any], shop: Shop) -> None:
    said = printed(ran["04"])
    [who] = re.findall(r"customer (\S+)\n", said)
    scores = shop.table("scores", as_of=CUTOFF).scan().collect()
    [chance] = numbers(said, r"order within 7 days: (\S+)")
    expected = scores.filter(pl.col("customer_id") == who)["p_order_7d"].item()
    assert chance == pytest.approx(expected, abs=1e-6)
    before, after = numbers(said, r"risk before (\S+), after (\S+)")
    assert numbers(said, r"parts add up to (\S+)") == [pytest.approx(after - before, abs=1.1e-4)]
    assert charts(ran["04"]) == 4


def test_how_long_a_model_lasts(ran: dict[str, Any], shop: Shop) -> None:
    folder = shop.store / "backtest" / "shop" / "refit=never"
    found = pl.DataFrame(json.loads((folder / "backtest.json").read_text()))
    assert found["cutoff"].n_unique() == 2
    table = compared(found.to_dicts(), network="seqchurn lstm").filter(role="frozen")
    for days in (7, 28):
        gaps = table.filter(horizon_days=days).sort("age_days")["gap"].to_list()
        said = numbers(printed(ran["05"]), rf"within {days}d: (\S+) new, (\S+) old")
        assert said == pytest.approx(gaps, abs=1e-4)
    assert charts(ran["05"]) == 1


def test_a_churn_horizon_and_a_threshold(ran: dict[str, Any], shop: Shop) -> None:
    said = printed(ran["06"])
    customers = within_28_days(shop)
    risk, lost = 1 - customers["p_order_28d"], ~customers["ordered"]
    acted = risk > 0.4
    earned = (5 * (acted & lost).sum() - 2 * acted.sum()) / customers.height
    assert numbers(said, r"risk above 0.4: (\d+) customers, (\S+) per customer") == [
        acted.sum(),
        pytest.approx(earned, abs=1e-4),
    ]
    curve = profit_curve(risk, lost, cost=2, value=5)
    best = curve.row(curve["profit"].arg_max(), named=True)
    assert numbers(said, r"best: the riskiest (\d+)%, (\S+) per customer") == [
        round(100 * best["share"]),
        pytest.approx(best["profit"], abs=1e-4),
    ]
    band = [best["lower"], best["upper"]]
    assert numbers(said, r"95 % of draws: (\S+) to (\S+)") == pytest.approx(band, abs=1e-4)
    assert charts(ran["06"]) == 3
