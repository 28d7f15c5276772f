"""What all systems that scores go to have in common: rows go in, and are there when it returns."""

from __future__ import annotations

from abc import ABC, abstractmethod

import polars as pl

__all__ = ["Sink"]


class Sink(ABC):
    """Another system, as the name of a delivery and its section of the config say it."""

    @abstractmethod
    def send(self, rows: pl.DataFrame) -> None:
        """Hand over a batch; return only when the other system has taken all of it.

        The same batch may come again, after a failure or a kill: rows carry a stable
        `message_id`, and a row of the same customer and `as_of` takes the place of the old one.

        Args:
            rows: What `plan` makes, each customer once.

        Raises:
            EnvironmentFailure: If the system fails; trying again may help.
            ConfigError: If it refuses, and will again.
        """
