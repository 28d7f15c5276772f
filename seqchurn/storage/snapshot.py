"""A manifest -> the rows of its table, read as they were published."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from seqchurn.errors import DataError, EnvironmentFailure
from seqchurn.files import is_of_the_disk
from seqchurn.storage.manifest import ANEW, OWN, file_name, parts_name

__all__ = ["Snapshot"]


@dataclass(frozen=True)
class Snapshot:
    """One publication of a table: what is read from it belongs together."""

    folder: Path
    manifest: dict[str, Any]

    @property
    def digest(self) -> str:
        """Hash of the content."""
        return str(self.manifest["digest"])

    @property
    def facts(self) -> dict[str, Any]:
        """What the writer had to say."""
        return {name: fact for name, fact in self.manifest.items() if name not in OWN}

    def buckets(self) -> list[int]:
        """The buckets that were written, ascending."""
        return [int(bucket) for bucket in self.manifest["rows"]]

    def height(self, bucket: int) -> int:
        """How many rows a bucket has."""
        return int(self.manifest["rows"][str(bucket)])

    def file(self, bucket: int) -> Path:
        """Where the rows of a bucket lie."""
        return self.folder / parts_name(self.digest) / file_name(bucket)

    def check(self, bucket: int) -> None:
        """Check that the file of a bucket is as long as it was: the cheapest sign of damage.

        Raises:
            DataError: If it is not.
            EnvironmentFailure: If it has gone, as when the table was replaced twice since.
        """
        file, written = self.file(bucket), self.manifest["bytes"][str(bucket)]
        try:
            found = file.stat().st_size
        except FileNotFoundError:
            raise _gone(file) from None
        if found != written:
            raise DataError(
                f"{file} is damaged: it has {found} bytes, and {written} were written. Run {ANEW}."
            )

    def read(self, bucket: int, columns: list[str] | None = None) -> pl.DataFrame:
        """Rows of one bucket, in the order in which they were written.

        Args:
            bucket: One of `buckets()`.
            columns: Columns to read; default: all.

        Raises:
            DataError: If the file is damaged.
            EnvironmentFailure: If the file has gone, as when the table was replaced twice since.
        """
        self.check(bucket)
        file = self.file(bucket)
        try:
            return pl.read_parquet(file, columns=columns)
        except FileNotFoundError:
            raise _gone(file) from None
        except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
            if isinstance(error, pl.exceptions.ColumnNotFoundError) or is_of_the_disk(error):
                raise
            raise DataError(
                f"{file} is damaged ({str(error).splitlines()[0]}). Run {ANEW}."
            ) from error

    def scan(self) -> pl.LazyFrame:
        """All rows, bucket after bucket.

        Raises:
            DataError: If a file is damaged so that its length shows it.
            EnvironmentFailure: If a file has gone.
        """
        for bucket in self.buckets():
            self.check(bucket)
        return pl.scan_parquet([self.file(bucket) for bucket in self.buckets()])


def _gone(file: Path) -> EnvironmentFailure:
    return EnvironmentFailure(
        f"{file} has gone: the table was replaced while it was read, or changed by hand. Run it "
        f"again; if that does not help, run {ANEW}."
    )
