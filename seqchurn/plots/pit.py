"""Shares of predicted probability at the order -> a chart: are the predicted waits right?

One panel per model. If its waits are right, every bar reaches the dashed line: a tenth of the
orders comes while the model gives them less than 10 %, and so on. High bars on the left are orders
that came sooner than predicted, on the right later; a hump in the middle is a model less sure than
it could be, a trough one that is too sure.
"""

from __future__ import annotations

import altair as alt
import polars as pl

__all__ = ["pit_chart"]

_SIZE = 280
_PANELS_PER_ROW = 2
_BAR, _BAND = "#56B4E9", "#000000"


def pit_chart(histogram: pl.DataFrame) -> alt.ConcatChart:
    """Share of customers by the predicted probability at their wait, a panel per model.

    Args:
        histogram: Columns `model`, `start`, `end`, `share`, `lower`, `upper`, as
            `seqchurn.evaluation.pit_histogram` returns.

    Returns:
        The chart; all panels have the same axes.
    """
    models = histogram["model"].unique(maintain_order=True).to_list()
    largest = float(histogram["upper"].max())  # type: ignore[arg-type]
    panels = [_panel(histogram.filter(pl.col("model") == m), m, largest) for m in models]
    return alt.concat(*panels, columns=_PANELS_PER_ROW).properties(
        title=alt.TitleParams(
            "Predicted probability of an order by the time it came",
            subtitle="With 95 % bands; waits still open are spread over what is left to them",
        )
    )


def _panel(histogram: pl.DataFrame, model: str, largest: float) -> alt.LayerChart:
    scale = alt.Scale(domain=[0, 1], nice=False)
    across = alt.X("start:Q", title="Predicted probability", scale=scale, axis=alt.Axis(format="%"))
    middle = alt.X("middle:Q")
    share = alt.Scale(domain=[0, largest])
    up = alt.Y("share:Q", title="Share of customers", scale=share, axis=alt.Axis(format="%"))
    base = alt.Chart(histogram.with_columns(middle=(pl.col("start") + pl.col("end")) / 2))
    bars = base.mark_bar(color=_BAR, stroke="white").encode(
        across, alt.X2("end:Q"), up, alt.Y2Datum(0)
    )
    band = base.mark_rule(color=_BAND).encode(middle, alt.Y("lower:Q"), alt.Y2("upper:Q"))
    even = alt.Chart(pl.DataFrame({"share": [1 / histogram.height]}))
    line = even.mark_rule(color="#777777", strokeDash=[4, 4]).encode(alt.Y("share:Q"))
    panel = alt.LayerChart(layer=[bars, line, band])
    return panel.properties(title=model, width=_SIZE, height=_SIZE // 2)
