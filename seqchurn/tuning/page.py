"""Trials -> a page of plain text that fits on one screen.

    trial  loss    gain   learning_rate  hidden_size
    9      3.0771  .0102       0.003221           64
    4      3.0790  .0083       0.005411          128
    0      3.0873  .0000          0.002           64  as configured

The lowest loss first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from seqchurn.console import table
from seqchurn.evaluation.table import digits
from seqchurn.tuning.trial import State, Trial

__all__ = ["best_of", "configured_of", "tuning_page"]

_AT_MOST = 8


def best_of(trials: Sequence[Trial]) -> Trial | None:
    """The whole trial with the lowest loss, the oldest of equals; None if none is whole."""
    whole = [trial for trial in trials if trial.loss is not None]
    return min(whole, key=lambda trial: trial.losses[-1]) if whole else None


def configured_of(trials: Sequence[Trial], configured: Mapping[str, Any]) -> Trial | None:
    """The trial of the config as it is; None if it has not ended."""
    return next((t for t in trials if t.ended and t.values == configured), None)


def tuning_page(trials: Sequence[Trial], configured: Mapping[str, Any]) -> str:
    """The best trials, and that of the config as it is.

    Args:
        trials: All of a study.
        configured: What the config says of the settings, by name.

    Returns:
        Lines without a final newline.
    """
    states = Counter(trial.state for trial in trials)
    counts = ", ".join(f"{states[state]} {state}" for state in State if states[state])
    own = configured_of(trials, configured)
    ranked = sorted((t for t in trials if t.loss is not None), key=lambda t: t.losses[-1])
    shown = ranked[:_AT_MOST]
    if own is not None and own not in shown:
        shown.append(own)
    lines = [
        counts or "no trial yet",
        "loss: censored negative log-likelihood, mean of the cutoffs, in nats per customer; lower",
        "is better; gain: how much lower than that of the config as it is",
    ]
    if shown:
        heads = ["trial", "loss", "gain", *_short(list(configured)), ""]
        lines += ["", table([_row(trial, own, configured) for trial in shown], heads)]
    else:
        lines += ["", "no trial went through all cutoffs yet: run it again, or longer"]
    return "\n".join(lines)


def _row(trial: Trial, own: Trial | None, configured: Mapping[str, Any]) -> list[object]:
    loss = digits(trial.loss) if trial.loss is not None else str(trial.state)
    known = own is not None and own.loss is not None and trial.loss is not None
    gain = digits(own.losses[-1] - trial.losses[-1]) if known and own is not None else "-"
    values = [trial.values[name] for name in configured]
    return [str(trial.number), loss, gain, *values, "as configured" if trial is own else ""]


def _short(names: Sequence[str]) -> list[str]:
    """The keys, with the section where two sections have the same key."""
    keys = Counter(name.rpartition(".")[2] for name in names)
    return [key if keys[key := name.rpartition(".")[2]] == 1 else name for name in names]
