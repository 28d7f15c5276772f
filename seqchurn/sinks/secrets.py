"""Name of an environment variable -> the secret that it holds; and texts without it."""

from __future__ import annotations

import os
from collections.abc import Sequence

from seqchurn.errors import ConfigError

__all__ = ["secret", "without"]

_LONGEST = 400


def secret(variable: str, *, place: str) -> str:
    """What an environment variable holds.

    Args:
        variable: Its name.
        place: Which key of the config names it, for the message.

    Raises:
        ConfigError: If it is not set, or empty.
    """
    found = os.environ.get(variable)
    if found:
        return found
    raise ConfigError(
        f"{place}: the environment variable {variable} is {'not set' if found is None else 'empty'}"
        "; expected a secret in it. Set it, then run it again."
    )


def without(text: str, secrets: Sequence[str]) -> str:
    """A text of another system, on one line, cut, and without secrets that it may repeat."""
    for secret in secrets:
        text = text.replace(secret, "***")
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"
