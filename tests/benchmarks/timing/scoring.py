"""Rows of `seqchurn score`: Parquet to Parquet, with and without what it takes to start."""

from __future__ import annotations

import shutil

from seqchurn.evaluation.rows import Row
from tests.benchmarks.timing.bench import AS_OF, Bench, customers_of
from tests.benchmarks.timing.child import Measured, interleaved, measure
from tests.benchmarks.timing.rows import Side, Target, row

__all__ = ["STORE", "score_once", "score_rows"]

STORE = "scoring"

_TARGET = Target(1.3)
_PUBLISH = "seqchurn.commands.score_table:publish_scores"
_NOTE = "the floor expects no orders, a quarter or more of what the project takes"


def score_rows(bench: Bench) -> list[Row]:
    """Wall time of the whole process, and from the first bucket read to the table published."""
    sides = {"own": lambda: score_once(bench, bench.events), "floor": lambda: _floor(bench)}
    runs = interleaved(sides, bench.rounds)
    whole = [Side.of(runs[side], lambda run: run.seconds) for side in sides]
    after = [
        Side.of(runs["own"], lambda run: run.told["returned"] - run.told["called"]),
        Side.of(runs["floor"], lambda run: run.told["seconds"]),
    ]
    note = f"{customers_of(bench.events):,} customers, three networks; {_NOTE}"
    return [
        row("score", "s", *whole, target=_TARGET, note=note),
        row("score, after start-up", "s", *after, note=_NOTE),
    ]


def score_once(bench: Bench, events: int, clock: str = _PUBLISH) -> Measured:
    """Score a prepared log by the champion."""
    bench.champion(STORE)
    config = bench.prepared(STORE, events)
    return measure(bench.verb("score", config, "--force", "--as_of", AS_OF, clock=clock))


def _floor(bench: Bench) -> Measured:
    out = bench.folder / "floor-score"
    shutil.rmtree(out, ignore_errors=True)
    sequences = bench.sequences(STORE, bench.events)
    return bench.part("floors.score", sequences, bench.champion(STORE), out, AS_OF)
