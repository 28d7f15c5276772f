"""What was measured -> rows of the results: medians, ratios, and whether a target is met."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any, Literal

from seqchurn.evaluation.rows import Row
from tests.benchmarks.timing.child import Measured

__all__ = ["GIB", "Side", "Target", "row", "skipped", "spread"]

GIB = 2**30

_RELATIONS: dict[str, Callable[[float, float], bool]] = {"<=": operator.le, ">=": operator.ge}


@dataclass(frozen=True)
class Target:
    """What a row has to reach."""

    bound: float
    relation: Literal["<=", ">="] = "<="
    of: Literal["ratio", "value"] = "ratio"


@dataclass(frozen=True)
class Side:
    """One side of a comparison, over the rounds."""

    values: Sequence[float]
    peak_rss_bytes: int | None = None
    """The highest of all rounds."""

    @classmethod
    def of(cls, runs: Sequence[Measured], value: Callable[[Measured], float]) -> Side:
        """The side whose processes these were."""
        return cls([value(run) for run in runs], max(run.peak_rss_bytes for run in runs))

    @property
    def value(self) -> float:
        """Median over the rounds."""
        return median(self.values)


def spread(values: Sequence[float]) -> float:
    """How far apart the rounds lie: (max - min) / median."""
    return (max(values) - min(values)) / median(values)


def row(
    what: str,
    unit: str,
    own: Side,
    floor: Side | None = None,
    *,
    target: Target | None = None,
    note: str = "",
) -> Row:
    """A row of the results.

    Args:
        what: What was measured.
        unit: Of the values; with a unit a second (as events/s), more is better.
        own: The project.
        floor: The least that it could cost.
        target: What is to be reached.
        note: What has to be known to read it.

    Returns:
        `ratio` says how many times as long the project takes, whatever the unit.
    """
    ratio = None
    if floor is not None:
        is_rate = unit.endswith("/s")
        ratio = floor.value / own.value if is_rate else own.value / floor.value
    return {
        "what": what,
        "value": own.value,
        "unit": unit,
        "floor": floor.value if floor else None,
        "ratio": ratio,
        "target": target.bound if target else None,
        "target_of": f"{target.of} {target.relation}" if target else None,
        "met": _is_met(target, own.value, ratio),
        "spread": spread(own.values),
        "floor_spread": spread(floor.values) if floor else None,
        "peak_rss_bytes": own.peak_rss_bytes,
        "floor_peak_rss_bytes": floor.peak_rss_bytes if floor else None,
        "rounds": len(own.values),
        "note": note,
    }


def skipped(what: str, reason: str, target: Target | None = None) -> Row:
    """A row of what could not be measured."""
    empty: dict[str, Any] = dict.fromkeys(row(what, "", Side([1.0]), target=target))
    asked = (
        {"target": target.bound, "target_of": f"{target.of} {target.relation}"} if target else {}
    )
    return {**empty, "what": what, **asked, "rounds": 0, "note": f"skipped: {reason}"}


def _is_met(target: Target | None, value: float, ratio: float | None) -> bool | None:
    found = {"ratio": ratio, "value": value}[target.of] if target else None
    return (
        None
        if target is None or found is None
        else _RELATIONS[target.relation](found, target.bound)
    )
