from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from seqchurn.plots import save_chart, survival_chart

START = datetime(2024, 6, 1, tzinfo=UTC)


@pytest.fixture
def curves() -> dict[str, pl.DataFrame]:
    days = [START + timedelta(days=day) for day in range(4)]
    return {
        "then": pl.DataFrame({"day": days, "survival": [1.0, 0.5, 0.2, 0.1]}),
        "now": pl.DataFrame({"day": days, "survival": [1.0, 0.9, 0.8, 0.7]}),
    }


def test_curves_keep_their_order_and_the_axis_is_whole(curves: dict[str, pl.DataFrame]) -> None:
    drawn = survival_chart(curves).to_dict()
    assert drawn["encoding"]["color"]["scale"]["domain"] == ["then", "now"]
    assert drawn["encoding"]["strokeDash"]["scale"]["domain"] == ["then", "now"]
    assert drawn["encoding"]["y"]["scale"]["domain"] == [0.0, 1.0]
    [points] = drawn["datasets"].values()
    assert [p["survival"] for p in points if p["curve"] == "now"] == [1.0, 0.9, 0.8, 0.7]


def test_the_chart_is_written(curves: dict[str, pl.DataFrame], tmp_path: Path) -> None:
    save_chart(survival_chart(curves), tmp_path / "why.svg")
    assert "No order yet" in (tmp_path / "why.svg").read_text(encoding="utf-8")
