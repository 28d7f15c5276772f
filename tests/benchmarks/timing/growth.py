"""What more events, customers or width cost: seconds and memory by size, and their slopes.

One process a size: what counts is the slope over a factor of fifty or a hundred, not the last
percent.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from seqchurn.evaluation.rows import Row
from tests.benchmarks.timing.bench import Bench
from tests.benchmarks.timing.child import Measured
from tests.benchmarks.timing.preparing import prepare_once
from tests.benchmarks.timing.rows import GIB, Side, Target, row
from tests.benchmarks.timing.scoring import score_once
from tests.benchmarks.timing.synthetic import MEAN_LENGTH
from tests.benchmarks.timing.training import EPOCHS, fit_once, floor_once

__all__ = ["EVENTS", "growth", "memory_goals", "slopes"]

EVENTS = (1_000_000, 5_000_000, 20_000_000, 50_000_000)
CUSTOMERS = (10_000, 100_000, 1_000_000)
WIDTHS = (32, 64, 128, 256)

_MOST = Target(1.0, of="value")
_TIMES = Target(2.0, of="ratio")


def growth(bench: Bench, largest: int) -> dict[str, list[Row]]:
    """The tables `rows`, `slopes` and `goals`.

    Args:
        bench: The run; its own number of events counts for the sample to train on only.
        largest: Events of the largest log to try; sizes grow with it.
    """
    share = largest / EVENTS[-1]
    events = [round(size * share) for size in EVENTS]
    customers = [round(size * share) for size in CUSTOMERS]
    rows = [
        *_grown("prepare", "events", events, lambda size: prepare_once(bench, size)),
        *_grown(
            "score", "customers", customers, lambda size: score_once(bench, MEAN_LENGTH * size)
        ),
        *_grown("train lstm", "hidden", WIDTHS, lambda size: fit_once(bench, "lstm", size), _fit),
    ]
    told = floor_once(bench, "lstm", WIDTHS[0]).told
    for entry in rows:  # what one of many costs: of a fit, an event of an epoch
        many = EPOCHS * told["events"] if entry["of"] == "hidden" else entry["size"]
        entry["each_us"] = 1e6 * entry["seconds"] / many
    return {"rows": rows, "slopes": slopes(rows), "goals": memory_goals(rows)}


def slopes(rows: Sequence[Mapping[str, Any]]) -> list[Row]:
    """Slope of log seconds over log size of each thing: over all sizes, and from step to step."""
    found = []
    for what in dict.fromkeys(entry["what"] for entry in rows):
        sizes = [(r["size"], r["seconds"]) for r in rows if r["what"] == what]
        steps = [_slope(*pair) for pair in zip(sizes, sizes[1:], strict=False)]
        whole = _slope(sizes[0], sizes[-1])
        found.append({"what": what, "slope": whole, "least": min(steps), "most": max(steps)})
    return found


def memory_goals(rows: Sequence[Mapping[str, Any]]) -> list[Row]:
    """Peak of `prepare` on the largest log: on its own, and over that on the second size."""
    peaks = [entry["peak_rss_bytes"] / GIB for entry in rows if entry["what"] == "prepare"]
    largest, second = Side([peaks[-1]]), Side([peaks[1]])
    what = "prepare, peak memory at the largest size"
    return [
        row(what, "GiB", largest, target=_MOST),
        row(f"{what} / at the second", "GiB", largest, second, target=_TIMES),
    ]


def _slope(first: tuple[float, float], last: tuple[float, float]) -> float:
    return math.log(last[1] / first[1]) / math.log(last[0] / first[0])


def _whole(run: Measured) -> float:
    return run.seconds


def _fit(run: Measured) -> float:
    return float(run.told["returned"] - run.told["called"])


def _grown(
    what: str,
    of: str,
    sizes: Sequence[int],
    work: Callable[[int], Measured],
    seconds: Callable[[Measured], float] = _whole,
) -> list[Row]:
    rows = []
    for size in sizes:
        run = work(size)
        print(f"{what}, {size:,} {of}: {run.seconds:.1f} s", file=sys.stderr)
        label = {"what": what, "size": size, "of": of}
        rows.append({**label, "seconds": seconds(run), "peak_rss_bytes": run.peak_rss_bytes})
    return rows
