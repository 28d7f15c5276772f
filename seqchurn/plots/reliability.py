"""Reliability curves -> charts: does "30 %" come true in 30 of 100 cases?

One panel per horizon, predicted against observed. On the diagonal a probability is a frequency;
below it the model promises orders that do not come. One chart has a line per model: the first
has its 95 % band; those of the others are as wide and would hide each other. The other chart has
the first model alone, a row of panels per kind of cohort and a line with its band per cohort: what
is right of all customers can be wrong of newcomers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import altair as alt
import polars as pl

from seqchurn.plots.theme import COLOURS, GUIDE

__all__ = ["reliability_by_cohort_chart", "reliability_chart"]

_SIZE, _SMALL = 280, 190
_PANELS_PER_ROW = 2
_TITLE = "Predicted probability of an order and how often it came"
_SUBTITLE = "Bins of equal count; with 95 % bands; in brackets the customers"


@dataclass(frozen=True)
class _Lines:
    """What the lines of a panel stand for.

    Args:
        column: That tells them apart.
        title: Of the legend.
        names: In the order of the legend.
        banded: Names of those drawn with a band.
    """

    column: str
    title: str
    names: list[str]
    banded: list[str]


def reliability_chart(curve: pl.DataFrame) -> alt.ConcatChart:
    """Predicted probability against observed frequency, a panel per horizon, models by colour.

    Args:
        curve: Columns `cohort`, `horizon_days`, `model`, `n`, `predicted`, `observed`, `lower`,
            `upper`, as `seqchurn.evaluation.reliability` returns; cohort `all` is drawn.

    Returns:
        The chart; both axes run from 0 to 100 %.
    """
    whole = curve.filter(cohort="all")
    models = whole["model"].unique(maintain_order=True).to_list()
    panels = _panels(whole, _Lines("model", "Model", models, models[:1]), _SIZE)
    return alt.concat(*panels, columns=_PANELS_PER_ROW).properties(
        title=alt.TitleParams(
            _TITLE,
            subtitle=f"Bins of equal count; the band is the 95 % interval of {models[0]}",
        )
    )


def reliability_by_cohort_chart(curve: pl.DataFrame) -> alt.VConcatChart:
    """The same of the first model: a row per kind of cohort, a column per horizon.

    Args:
        curve: As in `reliability_chart`, with the `kind` of each cohort.

    Returns:
        The chart; every row has a legend of its own, with the number of customers.
    """
    model = curve["model"][0]
    rows = curve.filter(model=model).partition_by("kind")
    chart: alt.VConcatChart = (
        alt.vconcat(*map(_row, rows))
        .properties(title=alt.TitleParams(f"{_TITLE}: {model} by cohort", subtitle=_SUBTITLE))
        .resolve_scale(color="independent", shape="independent")
    )
    return chart


def _row(curve: pl.DataFrame) -> alt.HConcatChart:
    """Panels of the cohorts of one kind."""
    size = pl.col("n").sum().over("cohort", "horizon_days")
    curve = curve.with_columns(line=pl.format("{} ({})", "cohort", size))
    names = curve["line"].unique(maintain_order=True).to_list()
    lines = _Lines("line", curve["kind"][0].capitalize(), names, names)
    return alt.hconcat(*_panels(curve, lines, _SMALL))


def _panels(curve: pl.DataFrame, lines: _Lines, size: int) -> Iterator[alt.LayerChart]:
    for within in curve.sort("horizon_days", maintain_order=True).partition_by("horizon_days"):
        title = f"within {within['horizon_days'][0]:g} days"
        yield _panel(within, lines).properties(title=title, width=size, height=size)


def _panel(curve: pl.DataFrame, lines: _Lines) -> alt.LayerChart:
    colour = alt.Color(
        f"{lines.column}:N",
        title=lines.title,
        scale=alt.Scale(domain=lines.names, range=COLOURS),
        legend=alt.Legend(symbolOpacity=1.0, labelLimit=0),
    )
    shape = alt.Shape(f"{lines.column}:N", title=lines.title, scale=alt.Scale(domain=lines.names))
    across = alt.X("predicted:Q", title="Predicted", scale=_scale(), axis=_axis())
    up = alt.Y("observed:Q", title="Observed", scale=_scale(), axis=_axis())
    base = alt.Chart(curve).encode(across, colour)
    banded = base.transform_filter(alt.FieldOneOfPredicate(lines.column, oneOf=lines.banded))
    banded = banded.encode(alt.Y("lower:Q"), alt.Y2("upper:Q"))
    band = banded.mark_area(opacity=0.2)
    interval = banded.mark_rule(opacity=0.35)  # where a single bin makes no area
    line = base.mark_line(strokeWidth=1.8).encode(up)
    points = base.mark_point(filled=True, size=34, opacity=1).encode(up, shape)
    return alt.LayerChart(layer=[_diagonal(), band, interval, line, points])


def _diagonal() -> alt.Chart:
    ends = pl.DataFrame({"predicted": [0.0, 1.0], "observed": [0.0, 1.0]})
    mark = alt.Chart(ends).mark_line(color=GUIDE, strokeDash=[4, 4], strokeWidth=1)
    diagonal: alt.Chart = mark.encode(alt.X("predicted:Q"), alt.Y("observed:Q"))
    return diagonal


def _scale() -> alt.Scale:
    return alt.Scale(domain=[0, 1], nice=False)


def _axis() -> alt.Axis:
    return alt.Axis(format="%", tickCount=5, labelFlush=False)
