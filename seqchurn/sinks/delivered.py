"""What a delivery has told the other system: the last row of each customer, kept beside the store.

    folder/delivered.parquet       customer_id, as_of, band, audiences (a list of names), form, sure
    folder/parts/00000007.parquet  the same of batches that were taken since
    folder/parts/00000008.sending  customer_id, as_of of the batch that is on its way

Each batch is a part as soon as the other system has it; parts become one file when a run begins
and when it ends. Nobody knows whether a batch was taken that a killed run was sending: what its
customers were told is not sure then, and they are told again, whatever has become of them since.
The form is a digest of columns, names of audiences and bands; who was told in another form is told
again.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl

from seqchurn.errors import DataError
from seqchurn.files import disk_failures, is_of_the_disk, locked, replacing, sync
from seqchurn.schema import CUSTOMER_ID

__all__ = ["Delivered"]

_SCHEMA = {
    CUSTOMER_ID: pl.String(),
    "as_of": pl.Datetime("us", "UTC"),
    "band": pl.Int32(),
    "audiences": pl.List(pl.String()),
    "form": pl.String(),
    "sure": pl.Boolean(),
}


_SENDING = ".sending"


class Delivered:
    """The state of a delivery; whoever changes it holds its lock."""

    EMPTY = pl.DataFrame(schema=_SCHEMA)
    """That of a delivery that has told nothing yet."""

    def __init__(self, folder: Path) -> None:
        """Name the state, whether there is one or not.

        Args:
            folder: Where it lies; made when it is locked.
        """
        self.folder = folder
        self._file, self._parts = folder / "delivered.parquet", folder / "parts"
        self._recorded = 0

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the lock of the delivery.

        Raises:
            LockedError: If another run delivers.
            EnvironmentFailure: If the disk refuses.
        """
        busy = f"another run is delivering by {self.folder}. Wait until it has ended."
        stays = "What was recorded as delivered still is."
        with disk_failures(f"write {self.folder}", stays=stays):
            self.folder.mkdir(parents=True, exist_ok=True)
            with locked(self.folder / ".lock", busy):
                yield

    def rows(self) -> pl.DataFrame:
        """The last delivered row of each customer; not `sure`: a newer one may have been taken.

        `as_of` is that of the newer one then; all else is null if there was no row before.

        Raises:
            DataError: If a file is damaged.
        """
        files = [self._file] if self._file.exists() else []
        files += sorted(self._parts.glob("[0-9]*.parquet"))
        every = pl.concat([self.EMPTY, *map(self._read, files)])
        last = every.unique(CUSTOMER_ID, keep="last", maintain_order=True)
        newer = self._on_their_way()
        rows = last.join(newer, CUSTOMER_ID, "full", coalesce=True, maintain_order="left_right")
        sure = pl.col("sure") & pl.col("newer").is_null()
        return rows.with_columns(sure, as_of=pl.max_horizontal("as_of", "newer")).drop("newer")

    @contextlib.contextmanager
    def recording(self, rows: pl.DataFrame) -> Iterator[None]:
        """Record a batch as taken when the `with` block, which hands it over, has ended well.

        Args:
            rows: With the columns of the state but for `sure`; no customer who is in a part.
        """
        part = self._parts / f"{self._recorded:08}.parquet"
        sending = part.with_suffix(_SENDING)
        _write(rows.select(CUSTOMER_ID, "as_of"), sending)
        yield
        _write(rows.with_columns(sure=True).select(list(_SCHEMA)), part)
        sending.unlink()
        self._recorded += 1

    def settle(self) -> None:
        """Make one file of all parts, also of those that a run that was killed has left.

        Who was told of a last time, without a band, leaves once a later time was told of: until
        then a table that is older is known to be.
        """
        if self._parts.exists():
            rows = self.rows()
            past = pl.col("as_of") < pl.col("as_of").max()
            self._replace(rows.filter(~(pl.col("sure") & pl.col("band").is_null() & past)))

    def forget(self, theirs: pl.Expr) -> int:
        """Remove customers, while the lock is held; how many there were.

        Args:
            theirs: Whether a row is of somebody who goes; never null.
        """
        rows = self.rows()
        self._replace(rows.filter(~theirs))
        return int(rows.select(theirs.sum()).item())

    def _replace(self, rows: pl.DataFrame) -> None:
        for left_over in self.folder.glob(".*.parquet"):
            left_over.unlink()
        _write(rows, self._file)
        if self._parts.exists():
            shutil.rmtree(self._parts)
        self._recorded = 0

    def _on_their_way(self) -> pl.DataFrame:
        """Customers of a batch of which nobody knows whether it was taken, and its `as_of`."""
        known = [CUSTOMER_ID, "as_of"]
        batches = [
            self._read(file, known)
            for file in self._parts.glob(f"[0-9]*{_SENDING}")
            if not file.with_suffix(".parquet").exists()
        ]
        return pl.concat([self.EMPTY.select(known), *batches]).rename({"as_of": "newer"})

    def _read(self, file: Path, columns: Sequence[str] = tuple(_SCHEMA)) -> pl.DataFrame:
        try:
            return pl.read_parquet(file).select(columns)
        except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
            if is_of_the_disk(error):
                raise
            raise DataError(
                f"{file} is damaged ({str(error).splitlines()[0]}). Put it back, or remove "
                f"{self.folder} to deliver everybody anew."
            ) from error


def _write(rows: pl.DataFrame, file: Path) -> None:
    """Write a file that stays even if the power fails."""
    with replacing(file) as beside:
        rows.write_parquet(beside)
        sync(beside)
    sync(file.parent)
