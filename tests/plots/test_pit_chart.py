from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import polars as pl
import pytest

from seqchurn.plots import pit_by_cohort_chart, pit_chart, save_chart

BARS = {
    ("customers", "all", "network", 1_200): ([0.24, 0.26, 0.25, 0.25], 0.05),
    ("customers", "all", "bgnbd", 1_200): ([0.4, 0.3, 0.2, 0.1], 0.05),
    ("tenure", "tenure < 9d", "network", 1_199): ([0.22, 0.26, 0.26, 0.26], 0.06),
    ("tenure", "tenure < 9d", "bgnbd", 1_199): ([0.6, 0.3, 0.1, 0.0], 0.0),
    ("tenure", "tenure >= 9d", "network", 1): ([0.0, 0.0, 1.0, 0.0], 0.0),
}
HISTOGRAM = pl.concat(
    pl.DataFrame({"kind": kind, "cohort": cohort, "model": model, "n": n, "share": shares})
    .with_columns(start=pl.int_range(pl.len()) / 4, end=pl.int_range(1, pl.len() + 1) / 4)
    .with_columns(lower=pl.col("share") - half, upper=pl.col("share") + half)
    for (kind, cohort, model, n), (shares, half) in BARS.items()
)


def test_each_model_has_a_panel_of_bars_from_zero_on_the_same_axes() -> None:
    chart = pit_chart(HISTOGRAM).to_dict()
    assert [panel["title"] for panel in chart["concat"]] == ["network", "bgnbd"]
    for panel in chart["concat"]:
        bars, even, band = panel["layer"]
        assert bars["encoding"]["y"]["scale"]["domain"] == [0, 0.45]
        assert bars["encoding"]["y2"] == {"datum": 0}
        (level,) = chart["datasets"][even["data"]["name"]]
        assert level == {"share": 0.25}  # of four bins
        assert band["encoding"]["y"]["field"] == "lower"


def test_cohorts_of_the_first_model_have_a_row_a_kind_and_an_axis_each() -> None:
    chart = pit_by_cohort_chart(HISTOGRAM).to_dict()
    rows = [
        [(p["title"], p["layer"][0]["encoding"]["y"]["scale"]["domain"][1]) for p in row["hconcat"]]
        for row in chart["vconcat"]
    ]
    assert rows == [
        [("all (1200)", pytest.approx(0.31))],
        [("tenure < 9d (1199)", pytest.approx(0.32)), ("tenure >= 9d (1)", 1.0)],
    ]
    assert "network by cohort" in chart["title"]["text"]


def heights_of_bars(drawing: Path) -> list[float]:
    root = ElementTree.parse(drawing).getroot()
    bars = [e.attrib["d"] for e in root.iter() if e.attrib.get("aria-roledescription") == "bar"]
    return [float(path.split("v")[1].split("h")[0]) for path in bars]


def test_the_bars_are_drawn_as_high_as_their_shares(tmp_path: Path) -> None:
    save_chart(pit_chart(HISTOGRAM), tmp_path / "pit.svg")
    heights = heights_of_bars(tmp_path / "pit.svg")
    shares = HISTOGRAM.filter(cohort="all")["share"].to_list()
    assert len(heights) == 8
    assert [h / heights[0] for h in heights] == [
        pytest.approx(share / shares[0], abs=0.01) for share in shares
    ]
    words = (tmp_path / "pit.svg").read_text()
    assert all(word in words for word in ("network", "bgnbd", "Share of customers"))


def test_the_bars_of_each_cohort_are_drawn_to_the_scale_of_its_panel(tmp_path: Path) -> None:
    save_chart(pit_by_cohort_chart(HISTOGRAM), tmp_path / "pit.svg")
    heights = heights_of_bars(tmp_path / "pit.svg")
    shares = HISTOGRAM.filter(model="network")["share"].to_list()
    assert len(heights) == 12
    for panel in (slice(0, 4), slice(4, 8), slice(8, 12)):
        scale = max(heights[panel]) / max(shares[panel])
        assert heights[panel] == pytest.approx([scale * share for share in shares[panel]], abs=0.01)
    assert max(heights[8:]) == 140  # a single customer fills the panel of that cohort only
