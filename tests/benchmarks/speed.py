"""Is the project as fast as what it stands on? Each stage against the least that it could cost.

    make bench-speed BENCH_ARGS='--events 200000'

Project and floor take turns, every run in a fresh process, on a synthetic log that depends on its
size alone. The table goes to stdout, progress to stderr, and every row of it into a JSON file.
What cannot be run here, as a peer that is not installed, is reported as skipped.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from seqchurn.evaluation.rows import Row
from seqchurn.files import replacing
from tests.benchmarks.report import results_text
from tests.benchmarks.timing.bench import Bench
from tests.benchmarks.timing.child import MeasureError
from tests.benchmarks.timing.growth import EVENTS as GROWTH_EVENTS
from tests.benchmarks.timing.growth import growth
from tests.benchmarks.timing.journey import journey_rows
from tests.benchmarks.timing.page import growth_page, page
from tests.benchmarks.timing.peering import peer_rows
from tests.benchmarks.timing.preparing import prepare_rows
from tests.benchmarks.timing.scoring import score_rows
from tests.benchmarks.timing.starting import start_rows
from tests.benchmarks.timing.training import train_rows

__all__ = ["main"]

RESULTS = Path(__file__).parent / "results"
EVENTS, LARGE_EVENTS, ROUNDS = 5_000_000, 50_000_000, 3
ROWS: Mapping[str, Callable[[Bench], list[Row]]] = {
    "prepare": prepare_rows,
    "train": train_rows,
    "score": score_rows,
    "journey": journey_rows,
    "start": start_rows,
    "peers": peer_rows,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; returns the exit code."""
    asked = _parser().parse_args(arguments)
    asked.events = asked.events or (LARGE_EVENTS if asked.large else EVENTS)
    started = time.perf_counter()
    os.environ.pop("MLFLOW_TRACKING_URI", None)  # models of the benchmark stay in its store
    with tempfile.TemporaryDirectory(prefix="seqchurn-speed-") as temporary:
        folder = (asked.data_dir or Path(temporary)).absolute()
        bench = Bench(folder, asked.events, asked.rounds, asked.peer_python)
        try:
            text, path = (_grow if asked.grow else _compare)(bench, asked)
        except MeasureError as error:
            print(f"failed: {error}", file=sys.stderr)
            return 1
    print(text)
    print(f"\ntook {(time.perf_counter() - started) / 60:.1f} minutes\nresults {path}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0], allow_abbrev=False)
    add = parser.add_argument
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--events", type=int, help=f"in the log; default: {EVENTS:,}")
    size.add_argument("--large", action="store_true", help=f"{LARGE_EVENTS:,} events")
    add("--rows", type=_names, default=list(ROWS), metavar="ROW,...", help=", ".join(ROWS))
    add("--rounds", type=int, default=ROUNDS, help="runs of each side, in turns")
    add("--data_dir", type=Path, help="for logs and stores, kept; default: removed at the end")
    add(
        "--grow",
        action="store_true",
        help="instead: cost at sizes up to 50 million events, or --events",
    )
    add("--peer_python", default=sys.executable, help="interpreter that has the peers")
    return parser


def _names(text: str) -> list[str]:
    names = text.split(",")
    if unknown := [name for name in names if name not in ROWS]:
        raise argparse.ArgumentTypeError(f"{unknown[0]} is none of {', '.join(ROWS)}")
    return names


def _compare(bench: Bench, asked: argparse.Namespace) -> tuple[str, Path]:
    """Measure the rows; the page, and the file that they were written to."""
    rows: list[Row] = []
    partial = RESULTS / "speed-partial.json"
    for name in ROWS:
        if name in asked.rows:
            print(f"measuring {name}", file=sys.stderr)
            rows += ROWS[name](bench)
            _written(partial, {"rows": rows})  # a run of hours may be stopped
    size = {EVENTS: "speed", LARGE_EVENTS: "speed-large"}.get(asked.events)
    whole = size and asked.rows == list(ROWS) and asked.rounds >= ROUNDS
    path = RESULTS / f"{size}.json" if whole else partial
    return page(rows), _written(path, {"rows": rows})


def _grow(bench: Bench, asked: argparse.Namespace) -> tuple[str, Path]:
    """Measure how cost grows; the page, and the file that it was written to."""
    largest = GROWTH_EVENTS[-1] if asked.events in (EVENTS, LARGE_EVENTS) else asked.events
    found = growth(bench, largest)
    path = RESULTS / ("growth.json" if largest == GROWTH_EVENTS[-1] else "growth-partial.json")
    return growth_page(found["rows"], found["slopes"], found["goals"]), _written(path, found)


def _written(path: Path, tables: Mapping[str, Sequence[Any]]) -> Path:
    path.parent.mkdir(exist_ok=True)
    with replacing(path) as beside:
        beside.write_text(results_text(tables), encoding="utf-8")
    return path


if __name__ == "__main__":
    sys.exit(main())
