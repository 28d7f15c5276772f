"""A chart -> a picture on disk, without a browser."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

import altair as alt

from seqchurn.errors import EnvironmentFailure

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
    beside = path.with_name(f".{os.getpid()}.{path.name}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            chart.save(str(beside), format=kind, scale_factor=2.0)
            beside.replace(path)
        finally:
            beside.unlink(missing_ok=True)
    except OSError as error:
        raise EnvironmentFailure(
            f"could not write {path}: {error}. Check space and permissions of the disk, then run "
            "it again."
        ) from error
