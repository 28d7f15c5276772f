from __future__ import annotations

from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import polars as pl

from seqchurn.plots import observed_expected_chart, save_chart

QUANTITIES = {"customers": "customers who order", "orders": "order days"}
WEEKS = pl.DataFrame(
    [
        ("2024-05-27", "shop version 1", 7.0, 0.9, 1.1),
        ("2024-06-03", "shop version 1", 7.0, 0.7, 1.3),
        ("2024-06-03", "shop version 2", 7.0, 1.0, 1.0),
        ("2024-05-27", "shop version 1", 0.5, 0.95, None),
    ],
    schema=["week", "model", "horizon_days", "customers_ratio", "orders_ratio"],
    orient="row",
).with_columns(
    (pl.col(f"{what}_ratio") + sign * 0.1).alias(f"{what}_{end}")
    for what in QUANTITIES
    for end, sign in (("low", -1), ("high", 1))
)


def drawn() -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The chart as Vega-Lite gets it, and the points in it."""
    chart = observed_expected_chart(WEEKS, quantities=QUANTITIES, band=(0.8, 1.25)).to_dict()
    [points] = chart["datasets"].values()
    return chart, points


def test_every_ratio_is_drawn_in_the_panel_of_its_horizon_and_quantity() -> None:
    chart, points = drawn()
    assert chart["facet"]["column"]["sort"] == ["within 0.5 days", "within 7 days"]
    assert chart["facet"]["row"]["sort"] == list(QUANTITIES.values())
    expected = {
        (row["week"], row["model"], f"within {row['horizon_days']:g} days", words, row[ratio])
        for row in WEEKS.iter_rows(named=True)
        for words, ratio in (
            ("customers who order", "customers_ratio"),
            ("order days", "orders_ratio"),
        )
    }
    found = [(p["week"], p["model"], p["within"], p["quantity"], p["ratio"]) for p in points]
    assert len(found) == 2 * WEEKS.height
    assert set(found) == expected


def test_the_band_is_shaded_behind_the_points_and_intervals_are_rules() -> None:
    chart, _ = drawn()
    band, right, interval, _, point = chart["spec"]["layer"]
    assert (band["encoding"]["y"]["datum"], band["encoding"]["y2"]["datum"]) == (0.8, 1.25)
    assert right["encoding"]["y"]["datum"] == 1.0
    assert (interval["encoding"]["y"]["field"], interval["encoding"]["y2"]["field"]) == (
        "low",
        "high",
    )
    assert point["encoding"]["color"]["scale"]["domain"] == ["shop version 2", "shop version 1"]
    assert point["encoding"]["shape"]["scale"]["domain"] == ["shop version 2", "shop version 1"]


def test_the_chart_can_be_drawn(tmp_path: Path) -> None:
    chart = observed_expected_chart(WEEKS, quantities=QUANTITIES, band=(0.8, 1.25))
    save_chart(chart, tmp_path / "weeks.svg")
    text = "".join(ElementTree.parse(tmp_path / "weeks.svg").getroot().itertext())
    for words in ("shop version 2", "within 7 days", "order days", "2024-06-03", "0.8 to 1.25"):
        assert words in text
