from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import polars as pl
import pytest

from seqchurn.plots import pit_chart, save_chart

HISTOGRAM = pl.DataFrame(
    {
        "model": ["network"] * 4 + ["bgnbd"] * 4,
        "start": [0.0, 0.25, 0.5, 0.75] * 2,
        "end": [0.25, 0.5, 0.75, 1.0] * 2,
        "share": [0.24, 0.26, 0.25, 0.25, 0.4, 0.3, 0.2, 0.1],
        "lower": [0.2] * 4 + [0.35, 0.25, 0.15, 0.05],
        "upper": [0.3] * 4 + [0.45, 0.35, 0.25, 0.15],
    }
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


def test_the_bars_are_drawn_as_high_as_their_shares(tmp_path: Path) -> None:
    save_chart(pit_chart(HISTOGRAM), tmp_path / "pit.svg")
    root = ElementTree.parse(tmp_path / "pit.svg").getroot()
    bars = [e.attrib["d"] for e in root.iter() if e.attrib.get("aria-roledescription") == "bar"]
    heights = [float(path.split("v")[1].split("h")[0]) for path in bars]
    assert len(heights) == 8
    shares = HISTOGRAM["share"].to_list()
    assert [h / heights[0] for h in heights] == [
        pytest.approx(share / shares[0], abs=0.01) for share in shares
    ]
    words = "".join(root.itertext())
    assert all(word in words for word in ("network", "bgnbd", "Share of customers"))
