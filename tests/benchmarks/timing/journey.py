"""Rows of Complete Journey, the log of the demo: what a whole `train` and `evaluate` take."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from datetime import datetime

from seqchurn.evaluation.rows import Row
from tests.benchmarks.logs import CONFIGS, LOGS, why_missing
from tests.benchmarks.timing.bench import Bench
from tests.benchmarks.timing.child import Measured, measure
from tests.benchmarks.timing.rows import Side, Target, row, skipped

__all__ = ["journey_rows", "seconds_to_converge"]

_LOG = "complete_journey"
_TARGET = Target(60.0, of="value")
_NEAR = 0.005
_TRAIN, _NEARLY, _EVALUATE = f"train {_LOG}", f"train {_LOG} until nearly done", f"evaluate {_LOG}"


def journey_rows(bench: Bench) -> list[Row]:
    """Seconds of the verbs, in rounds of both."""
    if reason := why_missing(_LOG, bench.folder):
        asked = {_TRAIN: _TARGET, _NEARLY: None, _EVALUATE: _TARGET}
        return [skipped(what, reason, target) for what, target in asked.items()]
    _run(bench, "prepare")
    runs = [(_run(bench, "train"), _run(bench, "evaluate")) for _ in range(bench.rounds)]
    train, evaluate = ([pair[i] for pair in runs] for i in (0, 1))
    near = Side([seconds_to_converge(run.log.splitlines()) for run in train])
    note = f"all networks, each until its validation loss is within {_NEAR:.1%} of its best"
    return [
        row(_TRAIN, "s", Side.of(train, lambda run: run.seconds), target=_TARGET),
        row(_NEARLY, "s", near, note=note),
        row(_EVALUATE, "s", Side.of(evaluate, lambda run: run.seconds), target=_TARGET),
    ]


def seconds_to_converge(log: Iterable[str]) -> float:
    """Seconds of the fits until each is near the best validation loss that it reaches.

    Args:
        log: Lines of `seqchurn train --log_format json`.
    """
    total, began, epochs = 0.0, 0.0, []
    for line in [*log, '{"message": "network"}']:
        entry = json.loads(line) if line.startswith("{") else {"message": ""}
        message = entry["message"]
        if message.startswith("network"):
            total += _until_near(began, epochs)
            began, epochs = _clock(entry), []
        elif found := re.search(r"^epoch .*validation/nll (\S+)", message):
            epochs.append((_clock(entry), float(found[1])))
    return total


def _until_near(began: float, epochs: list[tuple[float, float]]) -> float:
    best = min((loss for _, loss in epochs), default=0.0)
    return next((at - began for at, loss in epochs if loss <= best + _NEAR * abs(best)), 0.0)


def _clock(entry: dict[str, str]) -> float:
    return datetime.fromisoformat(entry["time"]).timestamp() if "time" in entry else 0.0


def _run(bench: Bench, verb: str) -> Measured:
    store = ["--store", str(bench.folder / _LOG), "--log_format", "json"]
    return measure(bench.verb(verb, CONFIGS / LOGS[_LOG].config, *store))
