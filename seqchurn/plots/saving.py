"""A chart -> a picture on disk, without a browser."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import altair as alt

from seqchurn.files import replacing

__all__ = ["save_chart"]


def save_chart(chart: alt.TopLevelMixin, path: Path) -> None:
    """Write a chart as PNG or SVG, by the ending of the path, beside the target and then renamed.

    Raises:
        ValueError: If the path ends in neither.
        EnvironmentFailure: If the disk refuses.
    """
    if path.suffix not in (".png", ".svg"):
        raise ValueError(f"{path.name} ends in '{path.suffix}'; expected .png or .svg")
    kind: Literal["png", "svg"] = "png" if path.suffix == ".png" else "svg"
    with replacing(path) as beside:
        chart.save(str(beside), format=kind, scale_factor=2.0)
