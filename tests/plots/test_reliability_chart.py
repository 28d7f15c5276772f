from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import altair as alt
import numpy as np
import polars as pl
import pytest

from seqchurn.errors import EnvironmentFailure
from seqchurn.metrics import reliability_curve
from seqchurn.plots import reliability_by_cohort_chart, reliability_chart, save_chart

COHORTS = {"all": "customers", "one order": "number of orders", "repeat": "number of orders"}


@pytest.fixture(scope="module")
def curve() -> pl.DataFrame:
    """Curves of 500 customers, but for a single one with one order, whom one model knows of."""
    rng = np.random.default_rng(0)
    probability = rng.random(500)
    one = reliability_curve(probability, rng.random(500) < probability)
    alone = reliability_curve([0.3], [True])
    return pl.concat(
        (alone if cohort == "one order" else one).with_columns(
            kind=pl.lit(kind), cohort=pl.lit(cohort), horizon_days=pl.lit(h), model=pl.lit(m)
        )
        for cohort, kind in COHORTS.items()
        for h in (28.0, 7.0)
        for m in ("network", "bgnbd")
    )


def data_of(chart: dict[str, Any], panel: dict[str, Any]) -> list[dict[str, Any]]:
    """Points that a panel draws, the diagonal left out."""
    return chart["datasets"][panel["layer"][1]["data"]["name"]]  # type: ignore[no-any-return]


def test_each_horizon_has_a_panel_from_zero_to_one_hundred_percent(curve: pl.DataFrame) -> None:
    chart = reliability_chart(curve).to_dict()
    assert [panel["title"] for panel in chart["concat"]] == ["within 7 days", "within 28 days"]
    for panel in chart["concat"]:
        line = panel["layer"][3]["encoding"]
        assert line["x"]["scale"]["domain"] == line["y"]["scale"]["domain"] == [0, 1]
        assert line["color"]["scale"]["domain"] == ["network", "bgnbd"]


def test_only_the_first_model_has_a_band(curve: pl.DataFrame) -> None:
    for panel in reliability_chart(curve).to_dict()["concat"]:
        _, band, interval, *others = panel["layer"]
        for layer in (band, interval):
            assert layer["transform"] == [{"filter": {"field": "model", "oneOf": ["network"]}}]
        assert not any("transform" in layer for layer in others)


def test_the_chart_of_models_is_of_all_customers(curve: pl.DataFrame) -> None:
    chart = reliability_chart(curve).to_dict()
    for panel, horizon in zip(chart["concat"], (7.0, 28.0), strict=True):
        assert {p["cohort"] for p in data_of(chart, panel)} == {"all"}
        assert {p["horizon_days"] for p in data_of(chart, panel)} == {horizon}


def test_cohorts_have_a_row_a_kind_a_column_a_horizon_and_a_band_each(curve: pl.DataFrame) -> None:
    chart = reliability_by_cohort_chart(curve).to_dict()
    assert chart["resolve"]["scale"] == {"color": "independent", "shape": "independent"}
    legends = {"Customers": ["all (500)"], "Number of orders": ["one order (1)", "repeat (500)"]}
    for row, (title, names) in zip(chart["vconcat"], legends.items(), strict=True):
        assert [panel["title"] for panel in row["hconcat"]] == ["within 7 days", "within 28 days"]
        for panel, horizon in zip(row["hconcat"], (7.0, 28.0), strict=True):
            colour = panel["layer"][1]["encoding"]["color"]
            assert (colour["title"], colour["scale"]["domain"]) == (title, names)
            assert panel["layer"][1]["transform"][0]["filter"]["oneOf"] == names
            drawn = {(p["line"], p["model"], p["horizon_days"]) for p in data_of(chart, panel)}
            assert drawn == {(name, "network", horizon) for name in names}


def test_a_cohort_of_one_customer_is_drawn_with_its_interval(
    curve: pl.DataFrame, tmp_path: Path
) -> None:
    own = curve.filter(pl.col("cohort") == "one order", horizon_days=7.0)
    save_chart(reliability_by_cohort_chart(own), tmp_path / "chart.svg")
    rules = [
        e.attrib
        for e in ElementTree.parse(tmp_path / "chart.svg").getroot().iter()
        if e.attrib.get("aria-roledescription") == "rule mark"
    ]
    assert len(rules) == 1
    height = abs(float(rules[0]["y2"]))
    assert height == pytest.approx(190 * (own["upper"][0] - own["lower"][0]), abs=0.5)


@pytest.mark.parametrize("draw", [reliability_chart, reliability_by_cohort_chart])
def test_a_chart_is_written_as_png_and_svg_and_nothing_else(
    draw: Callable[[pl.DataFrame], alt.TopLevelMixin], curve: pl.DataFrame, tmp_path: Path
) -> None:
    chart = draw(curve)
    for name in ("chart.png", "chart.svg"):
        save_chart(chart, tmp_path / "plots" / name)
    assert (tmp_path / "plots" / "chart.png").read_bytes().startswith(b"\x89PNG")
    drawn = "".join(ElementTree.parse(tmp_path / "plots" / "chart.svg").getroot().itertext())
    assert all(word in drawn for word in ("network", "Predicted", "Observed", "100%"))
    assert len(list((tmp_path / "plots").iterdir())) == 2
    with pytest.raises(ValueError, match="expected .png or .svg"):
        save_chart(chart, tmp_path / "chart.pdf")
    with pytest.raises(EnvironmentFailure, match="could not write"):
        save_chart(chart, tmp_path / "plots" / "chart.png" / "chart.png")
