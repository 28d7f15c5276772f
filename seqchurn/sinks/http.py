"""Answers of a collector -> nothing where it took the messages, else our errors."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from seqchurn.errors import ConfigError, EnvironmentFailure

__all__ = ["TIMEOUT_SECONDS", "check", "tracker"]

TIMEOUT_SECONDS = 30.0
_MAY_PASS = (408, 425, 429)
"""Statuses below 500 that another try may change."""


def tracker(module: str, *, place: str) -> Any:
    """A module of an official tracker.

    Raises:
        ConfigError: If it is not installed.
    """
    try:
        return import_module(module)
    except ModuleNotFoundError:
        raise ConfigError(
            f"{place}: the package {module.partition('.')[0]} is not installed. Install it: pip "
            "install 'seqchurn[sinks]'."
        ) from None


def check(status: int, said: str, *, place: str) -> None:
    """Check that a collector took what it was sent.

    Args:
        status: Status of its answer; not above 0: there was none.
        said: What it said beside, or why there was no answer; without secrets.
        place: Of the delivery and the collector, for the message.

    Raises:
        EnvironmentFailure: If trying again may help.
        ConfigError: If it will not.
    """
    if 200 <= status < 300:
        return
    answer = f"{place} answers {status}" if status > 0 else f"{place} does not answer"
    if said:
        answer = f"{answer}: {said.rstrip('.')}"
    if status <= 0 or status >= 500 or status in _MAY_PASS:
        raise EnvironmentFailure(f"{answer}. Check that it runs, then run it again.")
    raise ConfigError(
        f"{answer}. It will not take these messages: correct its address and key, its schema, or "
        "send fewer at a time (batch_rows)."
    )
