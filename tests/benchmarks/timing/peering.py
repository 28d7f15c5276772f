"""Rows of peers: the same histories, the same width, their own model, loader and loop."""

from __future__ import annotations

from pathlib import Path

from seqchurn.evaluation.rows import Row
from tests.benchmarks.timing.bench import Bench
from tests.benchmarks.timing.child import Measured, MeasureError, interleaved
from tests.benchmarks.timing.rows import Side, Target, row, skipped
from tests.benchmarks.timing.training import EPOCHS, HIDDEN, STORE, fit_once, floor_once

__all__ = ["PEERS", "peer_rows"]

PEERS = {
    "easytpp": ("EasyTPP IntensityFree", Target(0.25)),  # four times as fast
    "lifestream": ("pytorch-lifestream next event", None),
}
"""Scripts in `peers`, to what they train and how the project has to compare."""

_THREADS = 1


class _NoPeerError(Exception):
    """A peer cannot be run here."""


def peer_rows(bench: Bench) -> list[Row]:
    """Real events a second of a fit, the project's and each peer's."""
    files = {name: bench.folder / f"peer-{name}" for name in PEERS}
    bench.part("peers.export", bench.prepared(STORE, bench.sample_events), *files.values())
    return [_row(bench, name, files[name]) for name in PEERS]


def _row(bench: Bench, name: str, file: Path) -> Row:
    title, target = PEERS[name]
    what = f"train gru, beside {title}"
    try:
        runs = interleaved(
            {  # the peer first: if it is not there, nothing else need be run
                "peer": lambda: _peer(bench, name, file),
                "own": lambda: fit_once(bench, "gru", HIDDEN),
            },
            bench.rounds,
        )
    except _NoPeerError as error:
        return skipped(what, str(error).splitlines()[-1], target)
    events = floor_once(bench, "gru", HIDDEN).told["events"]
    own = Side.of(
        runs["own"], lambda run: EPOCHS * events / (run.told["returned"] - run.told["called"])
    )
    peer = Side.of(runs["peer"], lambda run: EPOCHS * run.told["events"] / run.told["seconds"])
    note = f"the floor is {title} at hidden {HIDDEN}, one thread, its own loader and batch size"
    return row(what, "events/s", own, peer, target=target, note=note)


def _peer(bench: Bench, name: str, file: Path) -> Measured:
    arguments = (file, EPOCHS, HIDDEN, _THREADS)
    try:
        return bench.part(f"peers.{name}", *arguments, python=bench.peer_python)
    except MeasureError as error:
        raise _NoPeerError(error) from error
