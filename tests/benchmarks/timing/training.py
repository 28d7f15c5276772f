"""Rows of a fit: real events and steps a second of the whole of it, and how full batches are."""

from __future__ import annotations

from seqchurn.evaluation.rows import Row
from tests.benchmarks.timing.bench import Bench
from tests.benchmarks.timing.child import Measured, interleaved, measure
from tests.benchmarks.timing.rows import Side, Target, row

__all__ = ["EPOCHS", "HIDDEN", "STORE", "fit_once", "floor_once", "train_rows"]

EPOCHS, HIDDEN = 2, 64
STORE = "fits"

_KINDS = ("lstm", "gru")
_SPEED = Target(1.25)  # events a second at least 0.8 of the floor's
_FILL = Target(0.95, ">=", "value")
_FIT = "seqchurn.commands.train:fit_model"


def train_rows(bench: Bench) -> list[Row]:
    """Speed of the fit alone on both sides: neither imports nor reading are in it."""
    rows, told = [], {}
    for kind in _KINDS:
        sides = {
            "own": lambda kind=kind: fit_once(bench, kind, HIDDEN),
            "floor": lambda kind=kind: floor_once(bench, kind, HIDDEN),
        }
        runs = interleaved(sides, bench.rounds)
        told = runs["floor"][0].told
        seconds = {
            "own": Side.of(runs["own"], lambda run: run.told["returned"] - run.told["called"]),
            "floor": Side.of(runs["floor"], lambda run: run.told["seconds"]),
        }
        events, steps = (
            [_rate(seconds[side], EPOCHS * told[what]) for side in sides]
            for what in ("events", "steps")
        )
        note = (
            f"hidden {HIDDEN}, {told['events']:,} real events an epoch, {EPOCHS} epochs; the "
            "project validates after each, the floor never does"
        )
        rows.append(row(f"train {kind}", "events/s", *events, target=_SPEED, note=note))
        rows.append(row(f"train {kind}, steps", "steps/s", *steps))
    fill = Side([told["events"] / told["slots"]])
    return [*rows, row("fill", "real/slots", fill, target=_FILL)]


def fit_once(bench: Bench, kind: str, hidden: int, events: int | None = None) -> Measured:
    """Fit one network, as `train` does; `called` and `returned` are those of the fit.

    Args:
        bench: The run.
        kind: Of the encoder.
        hidden: Its width.
        events: Size of the log; default: of the sample.
    """
    flags = {
        "training.networks": 1,
        "training.max_epochs": EPOCHS,
        "encoder.kind": kind,
        "encoder.hidden_size": hidden,
    }
    words = [word for name, value in flags.items() for word in (f"--{name}", str(value))]
    config = bench.prepared(STORE, events or bench.sample_events)
    return measure(bench.verb("train", config, "--force", *words, clock=_FIT))


def floor_once(bench: Bench, kind: str, hidden: int, events: int | None = None) -> Measured:
    """The same epochs of the same network in a bare loop."""
    config = bench.prepared(STORE, events or bench.sample_events)
    return bench.part("floors.train", config, EPOCHS, kind, hidden)


def _rate(seconds: Side, of: int) -> Side:
    return Side([of / value for value in seconds.values], seconds.peak_rss_bytes)
