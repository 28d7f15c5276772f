"""Colours that all charts share, and any chart for a dark page.

No mark is black or white and no text is part of a mark, so that a chart reads on both.
"""

from __future__ import annotations

from typing import TypeVar

import altair as alt

__all__ = ["COLOURS", "DASHES", "GUIDE", "on_dark"]

COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#6B6B6B"]
"""Okabe & Ito (2008): told apart by colour-blind readers; grey for black, without yellow.
The grey is dark enough to differ from the pink where green is not seen."""

DASHES = [[1, 0], [6, 3], [2, 2], [8, 2, 2, 2], [4, 1], [10, 4], [1, 3]]
"""Of lines, in pixels drawn and left out, beside the colours: solid first."""

GUIDE = "#808080"
"""Lines to hold others against, such as a diagonal."""

_PAGE, _INK, _FAINT, _LINE = "#16181b", "#e8e8e8", "#b8b8b8", "#3a3d42"

AnyChart = TypeVar("AnyChart", bound=alt.TopLevelMixin)


def on_dark(chart: AnyChart) -> AnyChart:
    """The same chart for a dark page."""
    words = {"labelColor": _FAINT, "titleColor": _INK}
    lines = {"gridColor": _LINE, "domainColor": _FAINT, "tickColor": _FAINT}
    dark: AnyChart = chart.configure(
        background=_PAGE,
        axis={**words, **lines},
        legend=words,
        header=words,
        title={"color": _INK, "subtitleColor": _FAINT},
        view={"stroke": _LINE},
    )
    return dark
