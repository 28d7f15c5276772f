"""Rows of `evaluation.json` -> a plain-text table that a terminal, a log and a mail can show.

    horizon      n      positives         recency            bgnbd
    7d       2,446  1,347 (55.1%)  .7380   .5920   .8118*  .5394*

Per horizon one line, per model AUC and log-loss, the best of each marked with a star. Models that
do not fit beside the others get lines of their own below.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["evaluation_table"]

_WIDTH = 100
_GAP = "  "
_MARK = "*"
_Row = Mapping[str, Any]


def evaluation_table(rows: Sequence[_Row], *, cohort: str = "all") -> str:
    """Models side by side, for each horizon.

    Args:
        rows: Rows of `seqchurn.evaluation.evaluate`, of one data set and cutoff.
        cohort: The cohort to show.

    Returns:
        Lines of at most 100 columns (unless a single name is longer), without a final newline.
    """
    shown = [row for row in rows if row["cohort"] == cohort]
    if not shown:
        return f"no customers in cohort {cohort}"
    cells = _cells(shown)
    horizons = list(dict.fromkeys(row["horizon_days"] for row in shown))
    facts = {row["horizon_days"]: row for row in shown}
    left = _aligned(
        [
            ["horizon", "n", "positives"],
            *([f"{h:g}d", f"{facts[h]['n']:,}", _positives(facts[h])] for h in horizons),
        ]
    )
    blocks = _fitting(left, [_column(model, horizons, cells) for model in _models(shown)])
    cutoff = shown[0]["cutoff"].removesuffix("T00:00:00+00:00")
    title = f"{shown[0]['dataset']}, cutoff {cutoff}, cohort {cohort}"
    legend = f"per model AUC (higher is better) and log-loss (lower is better); {_MARK} best"
    return "\n".join([title, legend, *("\n".join(["", *block]) for block in blocks)])


def _cells(rows: Sequence[_Row]) -> dict[tuple[float, str], str]:
    """Text of AUC and log-loss by horizon and model, the best of a horizon marked."""
    cells = {}
    for horizon in dict.fromkeys(row["horizon_days"] for row in rows):
        there = [row for row in rows if row["horizon_days"] == horizon]
        areas = [_number(row["auc"]) for row in there]
        losses = [_number(row["log_loss"]) for row in there]
        most = max((text for text in areas if text != "-"), default=None)
        least = min(losses, key=float)
        for row, area, loss in zip(there, areas, losses, strict=True):
            cells[horizon, row["model"]] = f"{_marked(area, most)} {_marked(loss, least)}"
    return cells


def _column(
    model: str, horizons: Sequence[float], cells: Mapping[tuple[float, str], str]
) -> list[str]:
    texts = [model, *(cells.get((horizon, model), "") for horizon in horizons)]
    width = max(len(text) for text in texts)
    return [text.rjust(width) for text in texts]


def _fitting(left: list[str], columns: Sequence[list[str]]) -> list[list[str]]:
    """Blocks of lines: as many columns beside the left part as the width allows."""
    blocks: list[list[str]] = []
    for column in columns:
        if not blocks or len(blocks[-1][0]) + len(_GAP) + len(column[0]) > _WIDTH:
            blocks.append(left)
        blocks[-1] = [a + _GAP + b for a, b in zip(blocks[-1], column, strict=True)]
    return [[line.rstrip() for line in block] for block in blocks]


def _aligned(table: Sequence[Sequence[str]]) -> list[str]:
    """Lines of a table, the first column flush left and the others flush right."""
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    return [
        _GAP.join(
            text.rjust(width) if i else text.ljust(width)
            for i, (text, width) in enumerate(zip(line, widths, strict=True))
        )
        for line in table
    ]


def _models(rows: Sequence[_Row]) -> list[str]:
    return list(dict.fromkeys(row["model"] for row in rows))


def _positives(row: _Row) -> str:
    return f"{row['positives']:,} ({row['base_rate']:.1%})"


def _number(value: float | None) -> str:
    """Four decimals without a leading zero, `-` for none."""
    return "-" if value is None else f"{value:.4f}".removeprefix("0")


def _marked(text: str, best: str | None) -> str:
    return (text + (_MARK if text == best else " ")).rjust(7)
