"""Rows of scores and differences -> cells; cells and counts -> goals, reached or not.

A cell is one horizon of one log. The network stands in it with its mean over the seeds, against
the baseline that is best there: in log-loss one, in AUC perhaps another.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Collection, Mapping, Sequence
from statistics import fmean
from typing import Any

from seqchurn.evaluation import against_best, verdict
from seqchurn.evaluation.rows import Row
from seqchurn.evaluation.table import horizon_text

__all__ = ["METRICS", "SCORES", "cells_of", "goals", "mean_over_seeds"]

Rows = Sequence[Mapping[str, Any]]

SCORES = {"log_loss": "log-loss", "auc": "AUC", "ece": "ECE"}
"""Scores in rows, to their names on the page."""
METRICS = ("log_loss", "auc")
"""Those that are compared with the best baseline."""

_COLUMNS = ("", "_min", "_max", "_baseline", "_best", "_difference", "_low", "_high", "_verdict")
"""Of each of them in a cell, after its name."""
_RELATIONS: dict[str, Callable[[float, float], bool]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
}
_AT_LEAST = [
    ("cdnow", 272.0, "log_loss", "<=", 0.490),
    ("cdnow", 272.0, "ece", "<=", 0.030),
    ("grocery", 360.0, "log_loss", "<=", 0.368),
    ("grocery", 360.0, "auc", ">=", 0.890),
    ("complete_journey", 7.0, "auc", ">=", 0.834),
    ("complete_journey", 14.0, "auc", ">=", 0.867),
    ("complete_journey", 28.0, "auc", ">=", 0.890),
    ("complete_journey", 90.0, "auc", ">=", 0.899),
    ("online_retail", 182.0, "log_loss", "<=", 0.526),
]
"""Log, horizon in days, score of the cell, and what it has to be."""
_COUNTED = [("cdnow", 273.0), ("grocery", 364.0)]
"""Log and window in days: 39 weeks after 39, and 52 after 52."""
_COUNT_RIVALS = ("bgnbd", "pareto_nbd")


def cells_of(scores: Rows, differences: Rows) -> list[Row]:
    """One row per horizon of one log; without an AUC where all customers ordered, or none.

    Args:
        scores: Rows of `evaluation.json` with `seed`, which is None for baselines.
        differences: Rows of `differences.json`, of the mean over the seeds.
    """
    cells = []
    best = {(row["horizon_days"], row["metric"]): row for row in against_best(differences)}
    for horizon in dict.fromkeys(row["horizon_days"] for row in scores):
        there = [row for row in scores if row["horizon_days"] == horizon]
        own = [row for row in there if row["seed"] is not None]
        baselines = {row["model"]: row for row in there if row["seed"] is None}
        which = ("dataset", "cutoff", "cohort", "horizon_days", "n", "positives", "model")
        cell = {key: own[0][key] for key in which} | {"ece": fmean(row["ece"] for row in own)}
        for metric in METRICS:
            cell |= _compared(metric, own, baselines, best.get((horizon, metric)))
        cells.append(cell | {"log_loss_ratio": cell["log_loss"] / cell["log_loss_best"]})
    return cells


def _compared(
    metric: str,
    own: Rows,
    baselines: Mapping[str, Mapping[str, Any]],
    rival: Mapping[str, Any] | None,
) -> Row:
    """The columns of one metric, None where it does not exist and there is no rival in it."""
    columns = [metric + column for column in _COLUMNS]
    if rival is None:
        return dict.fromkeys(columns)
    scores, name = [row[metric] for row in own], rival["baseline"]
    found = [fmean(scores), min(scores), max(scores), name, baselines[name][metric]]
    found += [rival["difference"], rival["low"], rival["high"], verdict(rival)]
    return dict(zip(columns, found, strict=True))


def mean_over_seeds(rows: Rows, columns: Sequence[str]) -> list[Row]:
    """Rows of one horizon and model of one log as one row, with the means of the columns."""
    groups: dict[tuple[str, float, str], list[Mapping[str, Any]]] = {}
    for row in rows:
        groups.setdefault((row["dataset"], row["horizon_days"], row["model"]), []).append(row)
    return [
        {
            **dict(zip(("dataset", "horizon_days", "model"), key, strict=True)),
            "is_network": same[0]["seed"] is not None,
            **{column: fmean(row[column] for row in same) for column in columns},
        }
        for key, same in groups.items()
    ]


def goals(cells: Rows, counts: Rows, *, logs: Collection[str]) -> list[Row]:
    """What was set out to be reached, and what was.

    Args:
        cells: Of `cells_of`, of all logs.
        counts: Rows of `counts.json` with `seed`, of all logs.
        logs: Names of all logs that the goals are about.

    Returns:
        `goal`, `found`, `relation`, `bound` and `reached`. Where a log was not run, its goals have
        no `found`, and what is found over the cells of the others stands without `reached`.
    """
    whole = set(logs) == {cell["dataset"] for cell in cells}
    return [*_over_cells(cells, whole), *_at_least(cells), *_of_counts(counts)]


def _over_cells(cells: Rows, whole: bool) -> list[Row]:
    """Goals over the cells of all logs, judged only if all of them are there."""
    ranked = [cell for cell in cells if cell["auc_difference"] is not None]
    lost = sum(cell["log_loss_verdict"] == "loss" for cell in cells)
    better = sum(cell["log_loss_difference"] < 0.0 for cell in cells)
    as_good = sum(cell["auc_difference"] >= 0.0 for cell in ranked)
    ratio = fmean(cell["log_loss_ratio"] for cell in cells) if cells else None
    run = "cells" if whole else "cells run"
    of, of_ranked = f"of {len(cells)} {run}", f"of {len(ranked)} {run}"
    found = [
        _goal(f"{of}, log-loss worse beyond the interval", lost, "<=", 0),
        _goal(f"{of}, log-loss better", better, ">=", 15),
        _goal(f"{of_ranked}, AUC at least as good", as_good, ">=", 15),
        _goal(f"{of}, mean of log-loss / the best baseline's", ratio, "<=", 0.97),
    ]
    return found if whole else [{**row, "reached": None} for row in found]


def _at_least(cells: Rows) -> list[Row]:
    found = {(cell["dataset"], cell["horizon_days"]): cell for cell in cells}
    return [
        _goal(
            f"{dataset} {horizon_text(horizon)} {SCORES[score]}",
            found.get((dataset, horizon), {}).get(score),
            relation,
            bound,
        )
        for dataset, horizon, score, relation, bound in _AT_LEAST
    ]


def _of_counts(counts: Rows) -> list[Row]:
    rows = mean_over_seeds(
        [row for row in counts if (row["dataset"], row["horizon_days"]) in _COUNTED],
        ("rmse", "bias"),
    )
    result = []
    for dataset, days in _COUNTED:
        there = [row for row in rows if (row["dataset"], row["horizon_days"]) == (dataset, days)]
        own = next((row for row in there if row["is_network"]), None)
        rivals = [row for row in there if row["model"] in _COUNT_RIVALS]
        name = f"{dataset} {horizon_text(days)} orders"
        bias = abs(own["bias"]) if own else None
        rmse = min((row["rmse"] for row in rivals), default=None)
        least = min((abs(row["bias"]) for row in rivals), default=None)
        result += [
            _goal(f"{name}: RMSE", own["rmse"] if own else None, "<", rmse),
            _goal(f"{name}: |bias|", bias, "<", least),
            _goal(f"{name}: |bias|", bias, "<=", 0.08),
        ]
    return result


def _goal(goal: str, found: float | None, relation: str, bound: float | None) -> Row:
    known = found is not None and bound is not None
    reached = _RELATIONS[relation](found, bound) if known else None  # type: ignore[arg-type]
    return {"goal": goal, "found": found, "relation": relation, "bound": bound, "reached": reached}
