"""What the tables of an evaluation share: the labels of a row, and the file it is written to."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from seqchurn.evaluation.outcomes import Outcomes
from seqchurn.files import replacing

__all__ = [
    "Predictions",
    "Row",
    "check_shapes",
    "drawn_in",
    "has_answer",
    "labels",
    "or_none",
    "write_rows",
]

Model = TypeVar("Model")

Predictions = Mapping[str, npt.NDArray[np.float64]]
"""Model name to what it says of each customer and horizon, shape (B, H)."""

Row = dict[str, Any]
"""One line of a JSON table."""


def labels(dataset: str, outcomes: Outcomes, cohort: str | None = None) -> Row:
    """The first columns of a row."""
    first = {"dataset": dataset, "cutoff": outcomes.cutoff_text}
    return first if cohort is None else {**first, "cohort": cohort}


def has_answer(predictions: npt.NDArray[np.float64]) -> bool:
    """Whether a model answers at all: a column of nothing but NaN says that it does not."""
    return not bool(np.isnan(predictions).all())


def drawn_in(cohort: str, models: Mapping[str, Model]) -> Mapping[str, Model]:
    """The models that charts show for a cohort: of all customers every one, else the first."""
    return models if cohort == "all" else dict(islice(models.items(), 1))


def or_none(score: float) -> float | None:
    """A score, or None where it does not exist: JSON knows no NaN."""
    return None if math.isnan(score) else score


def check_shapes(predictions: Predictions, expected: tuple[int, ...]) -> None:
    """Check that every model says something of each customer and horizon.

    Raises:
        ValueError: If the last axes of a prediction have another shape.
    """
    for model, values in predictions.items():
        if values.shape[-len(expected) :] != expected:
            raise ValueError(f"{model} predicts shape {values.shape}; expected {expected}")


def write_rows(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write rows as a JSON list, one row a line: beside the target, then renamed.

    Raises:
        EnvironmentFailure: If the disk refuses; what stood there before still does.
    """
    lines = ",\n".join(json.dumps(row, ensure_ascii=False, allow_nan=False) for row in rows)
    with replacing(path) as beside:
        beside.write_text(f"[\n{lines}\n]\n" if rows else "[]\n", encoding="utf-8")
