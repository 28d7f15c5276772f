"""Shares of predicted probability at the order -> charts: are the predicted waits right?

If the waits of a panel are right, every bar reaches the dashed line: a tenth of the orders comes
while the model gives them less than 10 %, and so on. High bars on the left are orders that came
sooner than predicted, on the right later; a hump in the middle is a model less sure than it could
be, a trough one that is too sure. One chart has a panel per model; the other has the first model
alone, a panel per cohort.
"""

from __future__ import annotations

import altair as alt
import polars as pl

from seqchurn.plots.theme import COLOURS, GUIDE

__all__ = ["pit_by_cohort_chart", "pit_chart"]

_SIZE = 280
_EXTENT = 32
"""Width of the numbers beside an axis: with the same, panels stand below each other."""
_PANELS_PER_ROW = 2
_BAR, _BAND = COLOURS[5], GUIDE
_TITLE = "Predicted probability of an order by the time it came"
_SUBTITLE = "With 95 % bands; waits still open are spread over what is left to them"


def pit_chart(histogram: pl.DataFrame) -> alt.ConcatChart:
    """Share of customers by the predicted probability at their wait, a panel per model.

    Args:
        histogram: Columns `cohort`, `model`, `start`, `end`, `share`, `lower`, `upper`, as
            `seqchurn.evaluation.pit_histogram` returns; cohort `all` is drawn.

    Returns:
        The chart; all panels have the same axes.
    """
    whole = histogram.filter(cohort="all")
    largest = _largest(whole)
    panels = [_panel(bars, bars["model"][0], largest) for bars in whole.partition_by("model")]
    return alt.concat(*panels, columns=_PANELS_PER_ROW).properties(
        title=alt.TitleParams(_TITLE, subtitle=_SUBTITLE)
    )


def pit_by_cohort_chart(histogram: pl.DataFrame) -> alt.VConcatChart:
    """The same of the first model: a panel per cohort, those of one kind in a row.

    Args:
        histogram: As in `pit_chart`, with the `kind` of each cohort and its customers, `n`.

    Returns:
        The chart; a cohort of few customers has high bars, so each panel has an axis of its own.
        A single customer has no band: a resample of one is that one.
    """
    model = histogram["model"][0]
    kinds = histogram.filter(model=model).partition_by("kind")
    notes = [_SUBTITLE, "In brackets the customers; each panel has an axis of its own"]
    return alt.vconcat(*map(_row, kinds)).properties(
        title=alt.TitleParams(f"{_TITLE}: {model} by cohort", subtitle=notes)
    )


def _row(histogram: pl.DataFrame) -> alt.HConcatChart:
    """Panels of the cohorts of one kind."""
    return alt.hconcat(
        *(
            _panel(bars, f"{bars['cohort'][0]} ({bars['n'][0]})", _largest(bars))
            for bars in histogram.partition_by("cohort")
        )
    )


def _largest(histogram: pl.DataFrame) -> float:
    return float(histogram["upper"].max())  # type: ignore[arg-type]


def _panel(histogram: pl.DataFrame, title: str, largest: float) -> alt.LayerChart:
    scale = alt.Scale(domain=[0, 1], nice=False)
    percent = alt.Axis(format="%")
    across = alt.X(
        "start:Q", bin="binned", title="Predicted probability", scale=scale, axis=percent
    )
    middle = alt.X("middle:Q")
    share = alt.Scale(domain=[0, largest])
    axis = alt.Axis(format="%", minExtent=_EXTENT)
    up = alt.Y("share:Q", title="Share of customers", scale=share, axis=axis)
    base = alt.Chart(histogram.with_columns(middle=(pl.col("start") + pl.col("end")) / 2))
    bars = base.mark_bar(color=_BAR, binSpacing=1).encode(
        across, alt.X2("end:Q"), up, alt.Y2Datum(0)
    )
    band = base.mark_rule(color=_BAND).encode(middle, alt.Y("lower:Q"), alt.Y2("upper:Q"))
    even = alt.Chart(pl.DataFrame({"share": [1 / histogram.height]}))
    line = even.mark_rule(color=GUIDE, strokeDash=[4, 4]).encode(alt.Y("share:Q"))
    panel = alt.LayerChart(layer=[bars, line, band])
    return panel.properties(title=title, width=_SIZE, height=_SIZE // 2)
