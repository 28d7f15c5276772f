"""What a user can fix: each error says what was found, what was expected and what to do.

The exit codes are part of the contract with schedulers: every failure a user or an operator
can act upon is one of these classes, and everything else is a bug of ours.
"""

from __future__ import annotations

__all__ = [
    "AlarmError",
    "ConfigError",
    "DataError",
    "DivergedError",
    "EnvironmentFailure",
    "LockedError",
    "ModelError",
    "SeqchurnError",
]


class SeqchurnError(Exception):
    """Base of all errors that a user can fix; never raised itself."""

    exit_code = 1


class ConfigError(SeqchurnError):
    """The config or the command line asks for something impossible."""

    exit_code = 2


class DataError(SeqchurnError):
    """The data was read and refused: empty, too small, or against the rules."""

    exit_code = 3


class ModelError(SeqchurnError):
    """No such model, or one that cannot be used for what was asked."""

    exit_code = 4


class LockedError(SeqchurnError):
    """Another run holds the lock; wait until it has ended."""

    exit_code = 5


class AlarmError(SeqchurnError):
    """The work is done and written, and what it found needs a person: see `seqchurn monitor`."""

    exit_code = 6


class EnvironmentFailure(SeqchurnError):
    """Disk, server or another system failed; a retry may help."""

    exit_code = 7


class DivergedError(SeqchurnError):
    """Training produced a loss that is not a finite number."""

    exit_code = 8
