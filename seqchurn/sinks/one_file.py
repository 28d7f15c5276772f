"""Rows -> a file with the last one on every customer that was delivered, replaced as a whole."""

from __future__ import annotations

from abc import abstractmethod
from pathlib import Path

import polars as pl

from seqchurn.config.deliveries import FileDelivery
from seqchurn.errors import DataError
from seqchurn.files import disk_failures, is_of_the_disk, replacing, sync
from seqchurn.schema import CUSTOMER_ID
from seqchurn.sinks.sink import Sink

__all__ = ["FileSink"]


class FileSink(Sink):
    """A file in a folder; a reader sees the old one or the new one, never half."""

    ending: str

    def __init__(self, name: str, delivery: FileDelivery) -> None:
        self.file = Path(delivery.path) / f"{name}.{self.ending}"

    @abstractmethod
    def read(self) -> pl.DataFrame:
        """All rows of the file."""

    @abstractmethod
    def write(self, rows: pl.DataFrame, file: Path) -> None:
        """Write rows to a new file."""

    def send(self, rows: pl.DataFrame) -> None:
        """Put the rows in the place of those of the same customers; columns are those of the rows.

        Raises:
            DataError: If the file is there and cannot be read.
            EnvironmentFailure: If the disk refuses.
        """
        with disk_failures(f"write {self.file}", stays="The file is whole."):
            before = [self._before()] if self.file.exists() else []
            every = pl.concat([*before, rows], how="diagonal_relaxed").select(rows.columns)
            newest = every.unique(CUSTOMER_ID, keep="last", maintain_order=True)
            self._clear()
            self._replace(newest)

    def forget(self, theirs: pl.Expr) -> int:
        """Remove customers; how many there were.

        Args:
            theirs: Whether a row is of somebody who goes; never null.

        Raises:
            DataError: If the file is there and cannot be read.
            EnvironmentFailure: If the disk refuses.
        """
        with disk_failures(f"write {self.file}", stays="The file is whole."):
            self._clear()
            if not self.file.exists():
                return 0
            before = self._before()
            rows = before.filter(~theirs)
            if rows.height < before.height:
                self._replace(rows)
            return before.height - rows.height

    def _clear(self) -> None:
        """Clear away what runs that were killed have half written."""
        for left_over in self.file.parent.glob(f".*.{self.file.name}"):
            left_over.unlink()

    def _replace(self, rows: pl.DataFrame) -> None:
        with replacing(self.file) as beside:
            self.write(rows, beside)
            sync(beside)
        sync(self.file.parent)

    def _before(self) -> pl.DataFrame:
        try:
            return self.read().with_columns(pl.col(CUSTOMER_ID).cast(pl.String))
        except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
            if is_of_the_disk(error):
                raise
            raise DataError(
                f"{self.file} is not as it was delivered ({str(error).splitlines()[0]}). Put it "
                "back, or move it away to begin a new one with the customers that change from now "
                "on."
            ) from error
