"""Rows of what comes before any work: `--help`, and `score` until it reads the first bucket."""

from __future__ import annotations

from seqchurn.evaluation.rows import Row
from tests.benchmarks.timing.bench import MODEL, Bench
from tests.benchmarks.timing.child import interleaved, measure
from tests.benchmarks.timing.rows import Side, Target, row
from tests.benchmarks.timing.scoring import STORE, score_once

__all__ = ["start_rows"]

_HELP = Target(0.6, of="value")
_TINY_EVENTS = 5_000
_READ = "seqchurn.storage:Snapshot.read"


def start_rows(bench: Bench) -> list[Row]:
    """CPU seconds of the help, wall seconds of a start."""
    helps = [measure(bench.command("--help")) for _ in range(bench.rounds)]
    sides = {
        "own": lambda: score_once(bench, _TINY_EVENTS, clock=_READ),
        "floor": lambda: bench.part("floors.start", bench.folder / STORE, MODEL),
    }
    bench.champion(STORE)
    runs = interleaved(sides, bench.rounds)
    own = Side.of(runs["own"], lambda run: run.told["called"] - run.started)
    floor = Side.of(runs["floor"], lambda run: run.told["ready"] - run.started)
    note = "the floor imports torch and MLflow and asks the registry for the champion"
    return [
        row("help", "CPU s", Side.of(helps, lambda run: run.cpu_seconds), target=_HELP),
        row("score start-up", "s", own, floor, note=note),
    ]
