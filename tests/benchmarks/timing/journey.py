"""Rows of Complete Journey, the log of the demo: what a whole `train` and `evaluate` take."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from statistics import fmean

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
    runs = [(_run(bench, "train", "--force"), _run(bench, "evaluate")) for _ in range(bench.rounds)]
    train, evaluate = ([pair[i] for pair in runs] for i in (0, 1))
    near = Side([seconds_to_converge(run.log.splitlines()) for run in train])
    whole = "three networks of 25 epochs; 12 cost 1 % of log-loss at validation cutoffs"
    note = f"a network, until its validation loss is within {_NEAR:.1%} of its best"
    return [
        row(_TRAIN, "s", Side.of(train, lambda run: run.seconds), target=_TARGET, note=whole),
        row(_NEARLY, "s", near, note=note),
        row(_EVALUATE, "s", Side.of(evaluate, lambda run: run.seconds), target=_TARGET),
    ]


def seconds_to_converge(log: Iterable[str]) -> float:
    """Seconds of a fit until it is near the best validation loss that it reaches, mean of all.

    Args:
        log: Lines of `seqchurn train --log_format json`, of networks in turn or at once.
    """
    began: dict[str, float] = {}
    epochs = defaultdict[str, list[tuple[float, float]]](list)
    network = ""
    for entry in (json.loads(line) for line in log if line.startswith("{")):
        message = entry["message"]
        if found := re.match(r"network (\d+)", message):
            network = found[1]
            began.setdefault(network, _clock(entry))
        if found := re.search(r"epoch \d+: .*validation/nll (\S+)", message):
            epochs[network].append((_clock(entry), float(found[1])))
    return fmean(_until_near(began[network], told) for network, told in epochs.items())


def _until_near(began: float, epochs: list[tuple[float, float]]) -> float:
    best = min(loss for _, loss in epochs)
    return next(at - began for at, loss in epochs if loss <= best + _NEAR * abs(best))


def _clock(entry: dict[str, str]) -> float:
    return datetime.fromisoformat(entry["time"]).timestamp()


def _run(bench: Bench, verb: str, *flags: str) -> Measured:
    store = ["--store", str(bench.folder / _LOG), "--log_format", "json"]
    return measure(bench.verb(verb, CONFIGS / LOGS[_LOG].config, *store, *flags))
