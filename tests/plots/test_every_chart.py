"""Every chart is drawn, on a light page and on a dark one; colours stay apart."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from itertools import combinations
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import polars as pl
import pytest

from seqchurn import plots
from seqchurn.inspection.gaps import with_shares
from seqchurn.metrics import gain_curve, profit_curve, reliability_curve
from seqchurn.plots.theme import COLOURS, DASHES

NO_CHARTS = {"Chapter", "on_dark", "page", "save_chart"}
START = datetime(2024, 6, 1, tzinfo=UTC)
DAYS = [START + timedelta(days=day) for day in range(4)]
RISK, LOST = np.linspace(0.1, 0.9, 50), np.arange(50) % 3 == 0
MODELS = [f"model {number}" for number in range(7)]

VISIONS = {
    "normal": np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
}
"""Of linear RGB; Machado, Oliveira and Fernandes (2009), severity 1.0."""


def labelled(frame: pl.DataFrame) -> pl.DataFrame:
    """Of two models and one horizon, all customers."""
    words = {"kind": pl.lit("customers"), "cohort": pl.lit("all"), "horizon_days": pl.lit(7.0)}
    return pl.concat(frame.with_columns(**words, model=pl.lit(model)) for model in MODELS[:2])


MONTHS = pl.DataFrame({"month": [date(2024, 1, 1)] * 7, "event_type": MODELS, "events": [5] * 7})
GAPS = with_shares(pl.DataFrame({"steps": [1, 4], "ended": [3, 1], "open": [0, 2]}))
WAIT = pl.DataFrame({"day": DAYS, "survival": [1.0, 0.5, 0.2, 0.1], "hazard": [0.0, 0.5, 0.6, 0.5]})
LOSSES = pl.DataFrame(
    {
        **{"network": [1] * 4, "epoch": [1, 2] * 2, "nll": [3.0, 2.0, 4.0, 3.5]},
        "split": ["train", "train", "validation", "validation"],
    }
)
WEEKS = pl.DataFrame(
    {
        **{"week": ["2024-06-03"] * 2, "model": MODELS[:2], "horizon_days": [7.0] * 2},
        **{"x_ratio": [1.0, 0.9], "x_low": [0.9, 0.8], "x_high": [1.1, 1.0]},
    }
)
BARS = pl.DataFrame(
    {
        **{"start": [0.0, 0.5], "end": [0.5, 1.0], "n": [9, 9]},
        **{"share": [0.4, 0.6], "lower": [0.3, 0.5], "upper": [0.5, 0.7]},
    }
)
AGES = pl.DataFrame(
    {
        **{"horizon_days": [7.0] * 2, "elapsed_days": [0.0] * 2, "role": ["frozen", "refitted"]},
        **{"auc": [0.8, 0.7], "log_loss": [0.3, 0.4], "ece": [0.1, 0.1]},
    }
)
EVENTS = pl.DataFrame({"customer_id": ["a"] * 4, "timestamp": DAYS, "event_type": MODELS[:4]})
SCORES = pl.DataFrame(
    {
        **{"customer_id": "a", "as_of": DAYS[3]},
        **{f"next_order_p{p}": DAYS[3] + timedelta(days=p) for p in (10, 50, 90)},
    }
)
CURVE = labelled(reliability_curve(RISK, LOST))
HISTORY = pl.DataFrame({"as_of": DAYS * 2, "p_churn": np.linspace(0, 1, 8)})

EXAMPLES: dict[str, Callable[[], Any]] = {
    "events_chart": lambda: plots.events_chart(MONTHS),
    "gain_chart": lambda: plots.gain_chart(
        dict.fromkeys(MODELS, gain_curve(RISK, LOST, resamples=9))
    ),
    "gap_chart": lambda: plots.gap_chart(GAPS, level=0.9, step_days=1.0),
    "gap_histogram": lambda: plots.gap_histogram(GAPS, step_days=1.0),
    "hazard_chart": lambda: plots.hazard_chart(dict.fromkeys(MODELS, WAIT)),
    "learning_chart": lambda: plots.learning_chart(LOSSES),
    "observed_expected_chart": lambda: plots.observed_expected_chart(
        WEEKS, quantities={"x": "orders"}, band=(0.8, 1.25)
    ),
    "orders_chart": lambda: plots.orders_chart({"0": 1, "1": 3}),
    "pit_by_cohort_chart": lambda: plots.pit_by_cohort_chart(labelled(BARS)),
    "pit_chart": lambda: plots.pit_chart(labelled(BARS)),
    "profit_chart": lambda: plots.profit_chart(
        dict.fromkeys(MODELS, profit_curve(RISK, LOST, cost=2, value=5, resamples=9))
    ),
    "reliability_by_cohort_chart": lambda: plots.reliability_by_cohort_chart(CURVE),
    "reliability_chart": lambda: plots.reliability_chart(CURVE),
    "score_history_chart": lambda: plots.score_history_chart(HISTORY),
    "staleness_chart": lambda: plots.staleness_chart(AGES),
    "survival_chart": lambda: plots.survival_chart(dict.fromkeys(MODELS, WAIT)),
    "timeline_chart": lambda: plots.timeline_chart(EVENTS, SCORES),
}


def colours_of(chart: Any, file: Path) -> set[str]:
    """What fills and strokes anything in the picture of a chart; black where nothing is said."""
    plots.save_chart(chart, file)
    elements = list(ElementTree.parse(file).getroot().iter())
    unsaid = {"black" for e in elements if e.tag.endswith("}text") and "fill" not in e.attrib}
    said = {e.attrib[paint] for e in elements for paint in ("fill", "stroke") if paint in e.attrib}
    return said | unsaid


def test_every_chart_has_an_example() -> None:
    assert set(EXAMPLES) == set(plots.__all__) - NO_CHARTS


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_chart_is_drawn_without_black_and_white_on_a_dark_page(name: str, tmp_path: Path) -> None:
    plain = colours_of(EXAMPLES[name](), tmp_path / "plain.svg")
    dark = colours_of(plots.on_dark(EXAMPLES[name]()), tmp_path / "dark.svg")
    assert not dark & {"black", "#000", "#000000", "white", "#fff", "#ffffff"}
    marks = plain & dark - {"none", "transparent"}
    assert marks  # the same on both


@pytest.mark.parametrize("name", ["gain_chart", "profit_chart", "survival_chart", "hazard_chart"])
def test_lines_differ_without_colour(name: str, tmp_path: Path) -> None:
    plots.save_chart(EXAMPLES[name](), tmp_path / "chart.svg")
    paths = [
        e.attrib
        for e in ElementTree.parse(tmp_path / "chart.svg").getroot().iter()
        if e.attrib.get("aria-roledescription") == "line mark"
    ]
    dashes = {p["stroke"]: p.get("stroke-dasharray") for p in paths if p["stroke"] in COLOURS}
    assert len(set(dashes.values())) == len(dashes) == len(MODELS)


def test_each_colour_has_a_dash_of_its_own() -> None:
    assert len({tuple(dash) for dash in DASHES}) == len(DASHES) == len(COLOURS)


@pytest.mark.parametrize("vision", VISIONS)
def test_colours_stay_apart_for_colour_blind_readers(vision: str) -> None:
    """At least 12 apart in CIELAB (CIE 1976), where 2.3 is just noticeable."""
    seen = [lab(np.clip(np.asarray(VISIONS[vision]) @ linear(c), 0, 1)) for c in COLOURS]
    assert min(np.linalg.norm(a - b) for a, b in combinations(seen, 2)) > 12


def linear(colour: str) -> np.ndarray:
    """`#rrggbb` -> linear RGB in [0, 1], shape (3,); IEC 61966-2-1."""
    value = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def lab(rgb: np.ndarray) -> np.ndarray:
    """Linear RGB -> CIELAB under D65, shape (3,)."""
    xyz = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    ratio = np.asarray(xyz) @ rgb / np.sum(xyz, axis=1)  # 1 for white
    f = np.where(ratio > (6 / 29) ** 3, np.cbrt(ratio), ratio * (29 / 6) ** 2 / 3 + 4 / 29)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])
