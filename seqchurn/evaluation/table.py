"""Rows of `evaluation.json` -> a plain-text table that a terminal, a log and a mail can show.

    within  ordered        model          AUC     log-loss  Brier   ECE     accuracy
    7d      1,347 (55.0%)  seqchurn lstm  .8347*  .4975*    .1634*  .0245   .7544*
                           recency        .7382   .5918     .2026   .0180*  .6845

Per horizon the models below each other, the best of each column marked with a star.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from seqchurn.console import table

__all__ = ["digits", "evaluation_table", "horizon_text", "marked", "moment_text"]

_Row = Mapping[str, Any]
_MIDNIGHT = re.compile(r"T00:00:00[+-]\d\d:\d\d$")
_COLUMNS = {
    "auc": "AUC",
    "log_loss": "log-loss",
    "brier": "Brier",
    "ece": "ECE",
    "accuracy": "accuracy",
}
_HIGHER_IS_BETTER = {"auc", "accuracy", "log_likelihood", "concordance"}


def evaluation_table(rows: Sequence[_Row], *, cohort: str = "all") -> str:
    """Models below each other, for each horizon.

    Args:
        rows: Rows of `seqchurn.evaluation.evaluate`, of one data set and cutoff.
        cohort: The cohort to show.

    Returns:
        Lines without a final newline.
    """
    shown = [row for row in rows if row["cohort"] == cohort]
    if not shown:
        return f"no customers in cohort {cohort}"
    lines: list[list[object]] = []
    for horizon in dict.fromkeys(row["horizon_days"] for row in shown):
        there = [row for row in shown if row["horizon_days"] == horizon]
        ordered = f"{there[0]['positives']:,} ({100 * there[0]['base_rate']:.1f}%)"
        columns = [marked([row[score] for row in there], score) for score in _COLUMNS]
        for i, (row, *scores) in enumerate(zip(there, *columns, strict=True)):
            left = [horizon_text(horizon), ordered] if i == 0 else ["", ""]
            lines.append([*left, row["model"], *scores])
    first = shown[0]
    return "\n".join(
        [
            f"{first['dataset']}, cutoff {moment_text(first['cutoff'])}, {first['n']:,} customers "
            f"(cohort {cohort})",
            "higher is better: AUC, accuracy; lower: log-loss, Brier, ECE; * best",
            "",
            table(lines, ["within", "ordered", "model", *_COLUMNS.values()]),
        ]
    )


def horizon_text(days: float) -> str:
    """A horizon as people write it.

    >>> horizon_text(28.0), horizon_text(0.5)
    ('28d', '12h')
    """
    hours = round(24 * days, 6)
    return f"{days:g}d" if days == int(days) else f"{hours:g}h"


def moment_text(moment: str) -> str:
    """A moment in ISO 8601 as people write it: of a midnight the date.

    >>> moment_text("2011-06-01T00:00:00+01:00"), moment_text("2017-12-01T16:00:00+00:00")
    ('2011-06-01', '2017-12-01T16:00:00+00:00')
    """
    return _MIDNIGHT.sub("", moment)


def digits(score: float | None, sign: str = "-") -> str:
    """Four digits, without a zero before the point; a dash where there is no score.

    >>> digits(0.83471), digits(-3.05), digits(-0.0123, "+"), digits(None)
    ('.8347', '-3.0500', '-.0123', '-')
    """
    if score is None:
        return "-"
    text = f"{score:{sign}.4f}"
    return text.replace("0.", ".", 1) if abs(score) < 1 else text


def marked(scores: Sequence[float | None], score: str) -> list[str]:
    """Scores of a column with four digits, the best ones with a star; all of one width."""
    texts = [digits(s) for s in scores]
    known = [float(text) for text in texts if text != "-"]
    best = (max if score in _HIGHER_IS_BETTER else min)(known) if known else None
    return [
        f"{text}{'*' if text != '-' and float(text) == best else ' '}".rjust(6) for text in texts
    ]
