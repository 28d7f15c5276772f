"""Everything that the benchmark found -> the page that it prints, and the text of its JSON file."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from seqchurn.console import table
from seqchurn.evaluation.rows import Row
from seqchurn.evaluation.table import digits, horizon_text
from tests.benchmarks.cells import METRICS, SCORES, mean_over_seeds

__all__ = ["page", "results_text"]

Rows = Sequence[Mapping[str, Any]]

_DECIMALS = 5


def page(results: Mapping[str, Rows]) -> str:
    """Lines without a final newline.

    Args:
        results: The tables `skipped`, `goals`, `cells`, `counts` and `notes`.
    """
    parts = [
        "the network, mean and range over seeds, against the baseline that is best there, with\n"
        "95 % intervals over customers; log-loss: lower is better, AUC: higher",
        _cells(results["cells"], results["skipped"]),
        "expected orders: RMSE per customer (lower is better), bias of the sum",
        _counts(results["counts"]),
        "\n".join(f"{row['dataset']}, {row['model']}: {row['note']}" for row in results["notes"]),
        _goals(results["goals"]),
    ]
    return "\n\n".join(parts)


def _cells(cells: Rows, skipped: Rows) -> str:
    """Two lines per cell, one per metric; one per skipped log."""
    headers = ["log", "within", "n", "ordered", "score", "seqchurn", "range", "best baseline"]
    headers += ["difference", "95 % interval", "verdict"]
    lines: list[list[object]] = []
    for cell in cells:
        left = [cell["dataset"], horizon_text(cell["horizon_days"])]
        left += [f"{cell[key]:,}" for key in ("n", "positives")]
        for metric in METRICS:
            lines.append([*left, SCORES[metric], *_compared(cell, metric)])
            left = [""] * len(left)
    for row in skipped:
        lines.append([row["dataset"], "skipped", *[""] * (len(headers) - 3), row["reason"]])
    return table(lines, headers)


def _compared(cell: Mapping[str, Any], metric: str) -> list[str]:
    """Six columns, of dashes where the metric does not exist."""
    if cell[metric] is None:
        return ["-"] * 6
    own, least, most, best = (digits(cell[metric + end]) for end in ("", "_min", "_max", "_best"))
    by, low, high = (digits(cell[metric + end], "+") for end in ("_difference", "_low", "_high"))
    rival = f"{best} {cell[metric + '_baseline']}"
    return [own, f"{least} - {most}", rival, by, f"[{low}, {high}]", cell[f"{metric}_verdict"]]


def _counts(counts: Rows) -> str:
    """One line per log and window, one column per model."""
    rows = mean_over_seeds(counts, ("rmse", "bias"))
    models = list(dict.fromkeys(row["model"] for row in sorted(rows, key=_network_first)))
    texts = {
        (row["dataset"], row["horizon_days"], row["model"]): (
            f"{row['rmse']:.3f} {100 * row['bias']:+.1f}%"
        )
        for row in rows
    }
    windows = dict.fromkeys((row["dataset"], row["horizon_days"]) for row in rows)
    lines = [
        [dataset, horizon_text(days), *(texts.get((dataset, days, m), "-") for m in models)]
        for dataset, days in windows
    ]
    return table(lines, ["log", "within", *models])


def _network_first(row: Mapping[str, Any]) -> bool:
    return not row["is_network"]


def _goals(goals: Rows) -> str:
    lines = [
        [
            row["goal"],
            _figure(row["found"]),
            f"{row['relation']} {_figure(row['bound'])}",
            _reached(row),
        ]
        for row in goals
    ]
    return table(lines, ["goal", "found", "aim", "reached"])


def _reached(row: Mapping[str, Any]) -> str:
    if row["reached"] is None:
        return "not run" if row["found"] is None else "not judged"
    return "yes" if row["reached"] else "NO"


def _figure(value: float | None) -> str:
    return str(value) if isinstance(value, int) else digits(value)


def results_text(results: Mapping[str, Sequence[Any]]) -> str:
    """JSON with one row a line, rounded, so that two runs can be read side by side."""
    tables = [
        f"{json.dumps(name)}: [\n" + ",\n".join(json.dumps(_rounded(row)) for row in rows) + "\n]"
        if rows
        else f"{json.dumps(name)}: []"
        for name, rows in results.items()
    ]
    return "{\n" + ",\n".join(tables) + "\n}\n"


def _rounded(row: Row) -> Row:
    return {
        key: round(value, _DECIMALS) if isinstance(value, float) else value
        for key, value in row.items()
    }
