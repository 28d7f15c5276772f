"""Rows of judged tables, added up by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from seqchurn.scoring import Band, Judged, Monitoring, monitor, monitor_page, monitor_summary
from seqchurn.scoring.monitor import IN_BAND, OUT_OF_BAND, TOO_FEW

BAND = Band(low=0.8, high=1.25, recent_days=28.0, least_expected=50.0)
CURVE = pl.DataFrame(
    {
        "kind": "customers",
        "cohort": "all",
        "horizon_days": 7.0,
        "model": "shop version 1",
        "bin": [0, 1],
        "n": [30, 30],
        "predicted": [0.2, 0.8],
        "observed": [0.1, 0.9],
        "lower": [0.0, 0.7],
        "upper": [0.3, 1.0],
    }
)


def judged(day: int, *, version: str = "1", observed: int = 100, **changes: Any) -> Judged:
    """A table of January 2024, which begins on a Monday, or later; 100 expected unless changed."""
    at = {"day": 19_723.0 + day, "as_of": f"2024-01-{1 + day:02}", "week": "2024-01-01"}
    row = {
        **at,
        "scored": 60,
        "dataset": "shop",
        "cohort": "all",
        "horizon_days": 7.0,
        "model": f"shop version {version}",
        "n": 60,
        "auc": 0.8,
        "log_loss": 0.5,
        "ece": 0.02,
        "customers_expected": 100.0,
        "customers_observed": observed,
        "customers_spread": 5.0,
        "orders_expected": 200.0,
        "orders_observed": 200,
        "orders_spread": 10.0,
        **changes,
    }
    return Judged([row], CURVE.with_columns(model=pl.lit(row["model"])))


def only(rows: pl.DataFrame) -> dict[str, Any]:
    [row] = rows.to_dicts()
    return row


def test_tables_of_a_week_are_added_up() -> None:
    tables = [judged(0, observed=90), judged(1, observed=80, n=40, auc=0.9)]
    found = monitor([*tables, judged(7, week="2024-01-08")], BAND)
    first, second = found.weeks.to_dicts()
    assert (first["week"], first["tables"], first["n"]) == ("2024-01-01", 2, 100)
    assert (first["first"], first["last"]) == ("2024-01-01", "2024-01-02")
    assert (first["customers_observed"], first["customers_expected"]) == (170, 200.0)
    assert first["customers_ratio"] == 0.85
    assert first["auc"] == pytest.approx((60 * 0.8 + 40 * 0.9) / 100)
    assert (second["week"], second["tables"]) == ("2024-01-08", 1)


def test_nightly_tables_make_an_interval_no_narrower() -> None:
    """Two nights of the same customers have the interval of one."""
    one, two = (only(monitor([judged(d) for d in days], BAND).weeks) for days in ([0], [0, 1]))
    assert one["customers_low"] == pytest.approx(1 - 1.96 * 0.05, abs=1e-5)
    assert one["customers_high"] == pytest.approx(1 + 1.96 * 0.05, abs=1e-5)
    for end in ("low", "high"):
        assert two[f"customers_{end}"] == pytest.approx(one[f"customers_{end}"])


def test_the_newest_version_comes_first_and_weeks_rise() -> None:
    tables = [judged(0), judged(6, version="2"), judged(7, version="2", week="2024-01-08")]
    found = monitor(tables, BAND)
    assert found.versions["model"].to_list() == ["shop version 2", "shop version 1"]
    assert found.versions["tables"].to_list() == [2, 1]
    weeks = found.weeks.select("week", "model").rows()
    assert weeks == [
        ("2024-01-01", "shop version 1"),
        ("2024-01-01", "shop version 2"),
        ("2024-01-08", "shop version 2"),
    ]
    assert found.curves["model"].unique(maintain_order=True).to_list() == [
        "shop version 2",
        "shop version 1",
    ]


def test_of_late_are_the_tables_of_the_version_of_the_newest_within_the_span() -> None:
    tables = [judged(0), judged(5, version="2"), judged(6, version="2"), judged(33, version="2")]
    row = only(monitor(tables, BAND).latest)
    assert (row["model"], row["tables"], row["first"]) == ("shop version 2", 2, "2024-01-07")


def test_each_horizon_has_a_newest_table_of_its_own() -> None:
    short, long = judged(20, version="2"), judged(3, horizon_days=28.0)
    found = monitor([long, short], BAND).latest
    assert found.select("horizon_days", "model").rows() == [
        (7.0, "shop version 2"),
        (28.0, "shop version 1"),
    ]


@pytest.mark.parametrize(
    ("observed", "expected", "verdict"),
    [
        (80, 100.0, IN_BAND),  # an end of the band is in it
        (79, 100.0, OUT_OF_BAND),
        (125, 100.0, IN_BAND),
        (126, 100.0, OUT_OF_BAND),
        (0, 50.0, OUT_OF_BAND),
        (0, 49.9, TOO_FEW),
        (0, 0.0, TOO_FEW),
        (500, 10.0, OUT_OF_BAND),  # far too few were expected
        (49, 10.0, TOO_FEW),
        (50, 0.0, OUT_OF_BAND),
    ],
)
def test_the_band_is_judged_where_enough_was_expected_or_observed(
    observed: int, expected: float, verdict: str
) -> None:
    """In the mean of two tables: many nights do not make few orders many."""
    tables = [judged(d, observed=observed, customers_expected=expected) for d in (0, 1)]
    row = only(monitor(tables, BAND).latest)
    assert (row["customers_verdict"], row["orders_verdict"]) == (verdict, IN_BAND)


def test_a_score_that_a_table_lacks_is_the_mean_of_the_others() -> None:
    """Where everybody orders there is no AUC."""
    found = monitor([judged(0, auc=None), judged(1)], BAND)
    assert only(found.versions)["auc"] == pytest.approx(0.8)
    assert only(monitor([judged(0, auc=None)], BAND).versions)["auc"] is None


def test_curves_of_a_version_are_means_of_its_tables_with_the_band_of_one() -> None:
    curve = CURVE.with_columns(pl.col("n") - 20, pl.col("observed") + 0.04)
    found = monitor([judged(0), Judged(judged(1).rows, curve)], BAND).curves
    assert found["n"].to_list() == [40, 40]
    assert found["observed"].to_list() == pytest.approx([0.11, 0.91])
    assert found["lower"].to_list() == pytest.approx(CURVE["lower"].to_list())


def test_what_is_written_is_what_was_found(tmp_path: Path) -> None:
    found = monitor([judged(0), judged(1, customers_expected=0.0, observed=0)], BAND)
    written = found.write(tmp_path)
    assert sorted(written) == sorted(tmp_path.iterdir())
    files = {"monitoring": found.weeks, "versions": found.versions, "latest": found.latest}
    for name, rows in files.items():
        assert json.loads((tmp_path / f"{name}.json").read_text()) == rows.to_dicts()
    curves = json.loads((tmp_path / "calibration.json").read_text())
    assert [row["bin"] for row in curves] == [0, 1]


def test_metrics_have_weeks_for_steps_and_leave_out_what_does_not_exist() -> None:
    found = monitor([judged(0, auc=None), judged(7, week="2024-01-08")], BAND).metrics()
    assert set(found) == {2817, 2818}  # weeks since 1970
    assert found[2817] == {
        "shop_version_1/customers_ratio_7d": 1.0,
        "shop_version_1/orders_ratio_7d": 1.0,
        "shop_version_1/log_loss_7d": 0.5,
        "shop_version_1/ece_7d": 0.02,
    }
    assert found[2818]["shop_version_1/auc_7d"] == 0.8


@pytest.fixture
def half_a_year() -> Monitoring:
    """Two versions and two horizons over 26 weeks; nobody of a few is left."""
    tables = []
    for week in range(26):
        at = {"week": str(pl.Series([7 * week + 19_723]).cast(pl.Date)[0]), "as_of": f"w{week:02}"}
        for horizon in (7.0, 0.25):
            version = str(1 + week // 13)
            row = judged(7 * week, version=version, horizon_days=horizon, n=58, **at)
            tables.append(row)
    return monitor(tables, BAND)


def test_the_page_has_the_newest_versions_and_the_last_weeks(half_a_year: Monitoring) -> None:
    lines = monitor_page(half_a_year, BAND).splitlines()
    assert max(map(len, lines)) <= 100
    assert len(lines) < 50
    assert sum(line.count("in band") for line in lines) == 4
    shown = [line.split() for line in lines if " 2024-06-" in line]
    assert [words[-8] for words in shown] == [f"2024-06-{day:02}" for day in (3, 10, 17, 24)] * 2
    assert [words[0] for words in shown if len(words) == 10] == ["6h", "7d"]
    assert lines[-1] == "left out: 104 scores of customers who are no longer in the log"


def test_the_summary_fits_a_screen(half_a_year: Monitoring) -> None:
    lines = monitor_summary(half_a_year, BAND).splitlines()
    assert max(map(len, lines)) <= 100
    assert len(lines) <= 19
    assert sum(line.count("in band") for line in lines) == 4
    assert "by version" in " ".join(lines)
    assert "by week" not in " ".join(lines)


def test_the_summary_leaves_out_what_a_screen_has_no_room_for() -> None:
    tables = [judged(0, horizon_days=float(day)) for day in range(1, 12)]
    lines = monitor_summary(monitor(tables, BAND), BAND).splitlines()
    assert "by version" not in " ".join(lines)
    assert sum("in band" in line for line in lines) == 11


def test_the_page_says_what_left_the_band() -> None:
    page = monitor_page(monitor([judged(0, observed=50)], BAND), BAND)
    assert "0.50 [0.40, 0.60]  out of band  1.00 [0.90, 1.10]  in band" in page
    assert "left out" not in page
