"""Losses by epoch -> a chart of how a fit went."""

from __future__ import annotations

import altair as alt
import polars as pl

from seqchurn.plots.theme import COLOURS

__all__ = ["learning_chart"]


def learning_chart(losses: pl.DataFrame) -> alt.Chart:
    """Loss of training and of validation customers over the epochs, a line per network.

    Args:
        losses: Columns `network` (number), `epoch`, `split` (train or validation) and `nll` (nats
            per landmark, lower is better).
    """
    chart: alt.Chart = (
        alt.Chart(losses, title="Loss by epoch, nats per landmark")
        .mark_line(point=True)
        .encode(
            x=alt.X("epoch:Q", title="Epoch", axis=alt.Axis(tickMinStep=1)),
            y=alt.Y("nll:Q", title="Negative log likelihood", scale=alt.Scale(zero=False)),
            detail="network:N",
            color=alt.Color("split:N", title=None, scale=alt.Scale(range=COLOURS[:2])),
        )
        .properties(width=480, height=300)
    )
    return chart
