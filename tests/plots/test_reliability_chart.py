from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import polars as pl
import pytest

from seqchurn.errors import EnvironmentFailure
from seqchurn.metrics import reliability_curve
from seqchurn.plots import reliability_chart, save_chart


@pytest.fixture(scope="module")
def curve() -> pl.DataFrame:
    rng = np.random.default_rng(0)
    probability = rng.random(500)
    one = reliability_curve(probability, rng.random(500) < probability)
    return pl.concat(
        one.with_columns(horizon_days=pl.lit(h), model=pl.lit(m))
        for h in (7.0, 28.0)
        for m in ("network", "bgnbd")
    )


def test_each_horizon_has_a_panel_from_zero_to_one_hundred_percent(curve: pl.DataFrame) -> None:
    chart = reliability_chart(curve).to_dict()
    assert [panel["title"] for panel in chart["concat"]] == ["within 7 days", "within 28 days"]
    for panel in chart["concat"]:
        line = panel["layer"][2]["encoding"]
        assert line["x"]["scale"]["domain"] == line["y"]["scale"]["domain"] == [0, 1]
        assert line["color"]["scale"]["domain"] == ["network", "bgnbd"]


def test_only_the_first_model_has_a_band(curve: pl.DataFrame) -> None:
    for panel in reliability_chart(curve).to_dict()["concat"]:
        assert panel["layer"][1]["transform"] == [{"filter": "(datum.model === 'network')"}]
        assert "transform" not in panel["layer"][2]


def test_a_chart_is_written_as_png_and_svg_and_nothing_else(
    curve: pl.DataFrame, tmp_path: Path
) -> None:
    chart = reliability_chart(curve)
    for name in ("chart.png", "chart.svg"):
        save_chart(chart, tmp_path / "plots" / name)
    assert (tmp_path / "plots" / "chart.png").read_bytes().startswith(b"\x89PNG")
    drawn = "".join(ElementTree.parse(tmp_path / "plots" / "chart.svg").getroot().itertext())
    assert all(word in drawn for word in ("network", "bgnbd", "Predicted", "Observed", "100%"))
    assert len(list((tmp_path / "plots").iterdir())) == 2
    with pytest.raises(ValueError, match="expected .png or .svg"):
        save_chart(chart, tmp_path / "chart.pdf")
    with pytest.raises(EnvironmentFailure, match="could not write"):
        save_chart(chart, tmp_path / "plots" / "chart.png" / "chart.png")
