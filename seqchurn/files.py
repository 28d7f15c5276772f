"""Files that are replaced as a whole, and locks that the system frees when a run is killed."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path

from seqchurn.errors import EnvironmentFailure, LockedError, SeqchurnError

__all__ = ["disk_failures", "is_of_the_disk", "locked", "replacing", "sync"]


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A file to write inside the `with` block, which then takes the place of another at once.

    Args:
        path: The file to replace; its folder is made if there is none.

    Yields:
        A path beside it with the same ending; whatever fails, what stood there before still does.

    Raises:
        EnvironmentFailure: If the disk refuses.
    """
    beside = path.with_name(f".{os.getpid()}.{path.name}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield beside
            beside.replace(path)
        finally:
            beside.unlink(missing_ok=True)
    except OSError as error:
        raise EnvironmentFailure(
            f"could not write {path}: {error}. Check space and permissions of the disk, then run "
            "it again."
        ) from error


def sync(path: Path) -> None:
    """Wait until a file or folder is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def locked(path: Path, busy: str, *, wait_seconds: float = 0.0) -> Iterator[None]:
    """Hold the lock on a file, made if there is none, or on a folder that exists.

    Args:
        path: What to lock; the system frees it when a run is killed.
        busy: What to say if another run holds it.
        wait_seconds: How long to wait for it.

    Raises:
        LockedError: If another run holds it all the time.
    """
    flags = os.O_RDONLY if path.is_dir() else os.O_RDONLY | os.O_CREAT
    descriptor = os.open(path, flags, 0o666)
    deadline = time.monotonic() + wait_seconds
    try:
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    raise LockedError(busy) from None
                time.sleep(0.05)
        yield
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def disk_failures(
    doing: str, *, stays: str = "Nothing that was published has changed."
) -> Iterator[None]:
    """Explain what the disk refuses inside the `with` block, also what Polars says of it.

    Args:
        doing: What the disk was needed for, as "write the table data/events".
        stays: What the failure has not harmed.

    Raises:
        EnvironmentFailure: If the disk refuses.
    """
    try:
        yield
    except SeqchurnError:
        raise
    except Exception as error:
        if not is_of_the_disk(error):
            raise
        raise EnvironmentFailure(
            f"could not {doing}: {error}. {stays} Check space and permissions of the disk, then "
            "run it again."
        ) from error


def is_of_the_disk(error: BaseException) -> bool:
    """Whether the disk failed, and not what was read from it.

    Polars passes on what the system says; a footer of a Parquet file that no longer fits on the
    disk is a transport error to it. Of a compressed file that is cut short there is an OSError
    without a number.
    """
    if isinstance(error, OSError):
        return error.errno is not None
    return any(said in str(error) for said in ("os error", "transport error"))
