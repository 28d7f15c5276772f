"""Rows of `seqchurn prepare`: from Parquet, from CSV, and the memory that it takes."""

from __future__ import annotations

import shutil

from seqchurn.evaluation.rows import Row
from tests.benchmarks.timing.bench import Bench, buckets_of
from tests.benchmarks.timing.child import Measured, interleaved, measure
from tests.benchmarks.timing.rows import GIB, Side, Target, row

__all__ = ["prepare_once", "prepare_rows"]

_TARGETS = {"parquet": Target(1.5), "csv": Target(1.3)}
_MEMORY = Target(1.0, of="value")
_STORE = "emptied"


def prepare_rows(bench: Bench) -> list[Row]:
    """Wall time from a log to its sequences, on an empty store each time."""
    rows = []
    for kind, target in _TARGETS.items():
        sides = {
            "own": lambda kind=kind: prepare_once(bench, bench.events, kind),
            "floor": lambda kind=kind: _floor(bench, kind),
        }
        runs = interleaved(sides, bench.rounds)
        own, floor = (Side.of(runs[side], lambda run: run.seconds) for side in sides)
        note = (
            f"{bench.events:,} events; the floor makes sequences only, and checks nothing: most of "
            "the difference is the table of events, their ids, order and hashes"
        )
        rows.append(row(f"prepare {kind}", "s", own, floor, target=target, note=note))
        own, floor = (Side.of(runs[side], lambda run: run.peak_rss_bytes / GIB) for side in sides)
        rows.append(row(f"prepare {kind}, peak memory", "GiB", own, floor, target=_MEMORY))
    return rows


def prepare_once(bench: Bench, events: int, kind: str = "parquet") -> Measured:
    """Prepare a log into an empty store."""
    config = bench.config(_STORE, events, kind)
    shutil.rmtree(bench.folder / _STORE, ignore_errors=True)
    return measure(bench.verb("prepare", config, "--force"))


def _floor(bench: Bench, kind: str) -> Measured:
    log, out = bench.log(bench.events, kind), bench.folder / "floor-prepare"
    shutil.rmtree(out, ignore_errors=True)
    return bench.part("floors.prepare", log, out, kind, buckets_of(bench.events))
