"""Rows of peers: the same histories, the same width, their own model, loader and loop."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
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
_KINDS = ("gru", "lstm")
_EVENTS = 100_000
"""Of the log that all train on: peers take minutes for it."""


class _NoPeerError(Exception):
    """A peer cannot be run here."""


def peer_rows(bench: Bench) -> list[Row]:
    """Real events a second of a fit, the project's and each peer's."""
    files = {name: bench.folder / f"peer-{name}" for name in PEERS}
    bench.part("peers.export", bench.prepared(STORE, _events(bench)), *files.values())
    return [row for name in PEERS for row in _rows(bench, name, files[name])]


def _rows(bench: Bench, name: str, file: Path) -> list[Row]:
    title, target = PEERS[name]
    what = {kind: f"train {kind}, beside {title}" for kind in _KINDS}
    sides: dict[str, Callable[[], Measured]] = {  # the peer first: it may not be there
        "peer": lambda: _peer(bench, name, file),
        **{kind: partial(fit_once, bench, kind, HIDDEN, _events(bench)) for kind in _KINDS},
    }
    try:
        runs = interleaved(sides, bench.rounds)
    except _NoPeerError as error:
        return [skipped(what[kind], str(error).splitlines()[-1], target) for kind in _KINDS]
    events = floor_once(bench, "lstm", HIDDEN, _events(bench)).told["events"]
    peer = Side.of(runs["peer"], lambda run: EPOCHS * run.told["events"] / run.told["seconds"])
    note = (
        f"{_events(bench):,} events; the floor is {title} at hidden {HIDDEN}, one thread, its own "
        "loader and batch size"
    )
    return [
        row(what[kind], "events/s", _speed(runs[kind], events), peer, target=target, note=note)
        for kind in _KINDS
    ]


def _events(bench: Bench) -> int:
    return min(bench.events, _EVENTS)


def _speed(runs: list[Measured], events: int) -> Side:
    return Side.of(runs, lambda run: EPOCHS * events / (run.told["returned"] - run.told["called"]))


def _peer(bench: Bench, name: str, file: Path) -> Measured:
    arguments = (file, EPOCHS, HIDDEN, _THREADS)
    try:
        return bench.part(f"peers.{name}", *arguments, python=bench.peer_python)
    except MeasureError as error:
        raise _NoPeerError(error) from error
