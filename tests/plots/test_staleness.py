from __future__ import annotations

from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import polars as pl
import pytest

from seqchurn.plots import save_chart, staleness_chart

NAMES = {
    "frozen": "network, fitted at the first cutoff",
    "refitted": "network, fitted at each cutoff",
    "best baseline": "best baseline, fitted at each cutoff",
}


def comparison(*roles: str) -> pl.DataFrame:
    """Two horizons at ages of 0 and 28 days; scores differ everywhere, one is unknown."""
    rows = [(h, age, role) for h in (7.0, 0.5) for age in (0.0, 28.0) for role in roles]
    frame = pl.DataFrame(rows, schema=["horizon_days", "elapsed_days", "role"], orient="row")
    score = pl.int_range(pl.len()) / 100
    return frame.with_columns(
        pl.col("role").cast(pl.Enum(list(NAMES))),
        auc=pl.when(score > 0).then(0.9 - score),
        log_loss=0.4 + score,
        ece=score / 10,
    )


def drawn(table: pl.DataFrame) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The chart as Vega-Lite gets it, and the points in it."""
    chart = staleness_chart(table).to_dict()
    [points] = chart["datasets"].values()
    return chart, points


def test_every_score_is_drawn_in_the_panel_of_its_horizon_at_its_age() -> None:
    table = comparison("frozen", "best baseline")
    chart, points = drawn(table)
    assert chart["facet"]["column"]["sort"] == ["within 0.5 days", "within 7 days"]
    kinds = dict(zip(("auc", "log_loss", "ece"), chart["facet"]["row"]["sort"], strict=True))
    expected = {
        (kinds[score], f"within {row['horizon_days']:g} days", row["elapsed_days"], row[score])
        for row in table.iter_rows(named=True)
        for score in kinds
    }
    assert {(p["score"], p["within"], p["elapsed_days"], p["value"]) for p in points} == expected
    assert len(points) == 3 * table.height
    assert chart["spec"]["encoding"]["x"]["axis"]["values"] == [0.0, 28.0]
    assert chart["resolve"] == {"scale": {"y": "independent"}}


@pytest.mark.parametrize("roles", [("frozen", "best baseline"), tuple(NAMES), ("frozen",)])
def test_a_role_keeps_its_colour_and_shape_whoever_else_is_there(roles: tuple[str, ...]) -> None:
    whole, _ = drawn(comparison(*NAMES))
    chart, _ = drawn(comparison(*roles))
    for channel in ("color", "shape"):
        scale = whole["spec"]["encoding"][channel]["scale"]
        styles = dict(zip(scale["domain"], scale["range"], strict=True))
        found = chart["spec"]["encoding"][channel]["scale"]
        assert found["domain"] == [NAMES[role] for role in roles]
        assert found["range"] == [styles[NAMES[role]] for role in roles]
        assert len(set(styles.values())) == 3


def test_the_chart_can_be_drawn(tmp_path: Path) -> None:
    save_chart(staleness_chart(comparison(*NAMES)), tmp_path / "staleness.svg")
    text = "".join(ElementTree.parse(tmp_path / "staleness.svg").getroot().itertext())
    for words in (*NAMES.values(), "within 7 days", "Age of the frozen model, days", "ECE, lower"):
        assert words in text
