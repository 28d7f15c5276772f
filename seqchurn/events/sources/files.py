"""A path of the config -> the files it names.

Every raw frame carries two columns beside those of the log, so that a record that is refused
can be found again: `FILE`, and `RECORD`, its position in the file from 0. Where a file had to be
read line by line because it is damaged, `MALFORMED` holds the lines that are no record.

Files may be compressed with gzip or zstd. Folders named key=value, below a folder or a wildcard
of the path, give their files a column of text with that key, as Hive partitions do.
"""

from __future__ import annotations

import glob
import io
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from itertools import takewhile
from pathlib import Path
from urllib.parse import unquote

import polars as pl
import pyarrow as pa

from seqchurn.errors import ConfigError

__all__ = [
    "FILE",
    "MALFORMED",
    "RECORD",
    "is_place",
    "open_bytes",
    "partition",
    "read_each",
    "resolve_path",
    "scan_each",
]

FILE = "seqchurn:file"
RECORD = "seqchurn:record"
MALFORMED = "seqchurn:malformed"

_PACKAGE = "package:"
_ENDINGS = {
    "csv": (".csv", ".tsv", ".txt"),
    "parquet": (".parquet", ".pq"),
    "ndjson": (".ndjson", ".jsonl", ".json"),
}
"""What the files of a kind in a folder are told by; of any other kind all files are taken."""

_CODECS = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd"}
_NULL_PARTITION = "__HIVE_DEFAULT_PARTITION__"


def resolve_path(path: str, *, source: str, kind: str | None = None) -> list[Path]:
    """Files that a path names, sorted; of a folder all below it, but for hidden ones.

    Args:
        path: File, folder, glob, or package:NAME/FILE for a file inside an installed package.
        source: Name of the source, for messages.
        kind: Kind of the source: of a folder only files with its endings count; None: all do.

    Raises:
        ConfigError: If there is no such file or package.
    """
    pattern = _pattern(path, source)
    places = [Path(place) for place in glob.glob(pattern, recursive=True)]  # noqa: PTH207
    if not places and Path(pattern).exists():  # a name that only looks like a pattern
        places = [Path(pattern)]
    endings = _ENDINGS.get(kind or "", ("",))
    files = {file for place in places for file in _files(place, endings)}
    if not files:
        what = f"file ending in {', '.join(endings)}" if places and any(endings) else "file"
        raise ConfigError(
            f"[events] source {source}: no {what} at {pattern}. Correct its path; relative paths "
            "start at the config file."
        )
    return sorted(files)


def scan_each(
    files: Sequence[Path], scan: Callable[[Path], pl.LazyFrame], *, path: str, source: str
) -> list[pl.LazyFrame]:
    """A frame per file, with the columns that its folders stand for.

    Args:
        files: Some of the files that `path` names.
        scan: Reads one.
        path: As in the config.
        source: Name of the source, for messages.
    """

    def with_partition(file: Path) -> pl.LazyFrame:
        values = partition(file, path, source=source).items()
        folders = {k: pl.lit(v, dtype=pl.String) for k, v in values}
        return scan(file).with_columns(pl.col(RECORD).cast(pl.Int64), **folders)

    return [with_partition(file) for file in files]


def is_place(path: str, *, source: str) -> bool:
    """Whether a path names a folder that is there, or a pattern for files of one."""
    parts = Path(_pattern(path, source)).parts
    fixed = Path(*takewhile(lambda part: not glob.has_magic(part), parts))
    return fixed.is_dir()


def read_each(files: list[Path], read: Callable[[Path], pl.LazyFrame]) -> pl.LazyFrame:
    """One frame of many files; a column that a file lacks is null there."""
    frames = [read(file).with_columns(pl.col(RECORD).cast(pl.Int64)) for file in files]
    return frames[0] if len(frames) == 1 else pl.concat(frames, how="diagonal_relaxed")


def partition(file: Path, path: str, *, source: str) -> dict[str, str | None]:
    """Keys and values of the folders key=value between a path of the config and one of its files.

    What lies above says where the log is kept, and nothing of its records.
    """
    parts = Path(_pattern(path, source)).parts
    fixed = list(takewhile(lambda part: not glob.has_magic(part), parts))
    pairs = (part.split("=", 1) for part in file.parts[len(fixed) : -1] if "=" in part)
    return {unquote(k): None if v == _NULL_PARTITION else unquote(v) for k, v in pairs}


def open_bytes(file: Path) -> io.BufferedReader:
    """A file as it was before compression, which its first bytes tell, as they do for Polars."""
    with file.open("rb") as raw:
        start = raw.read(4)
    codec = next((codec for mark, codec in _CODECS.items() if start.startswith(mark)), None)
    return io.BufferedReader(pa.input_stream(str(file), compression=codec))


def _files(place: Path, endings: tuple[str, ...]) -> list[Path]:
    if not place.is_dir():
        return [place]
    inner = [file for file in place.rglob("*") if file.is_file()]
    return [
        file
        for file in inner
        if file.name.lower().removesuffix(".gz").removesuffix(".zst").endswith(endings)
        and not any(part.startswith((".", "_")) for part in file.relative_to(place).parts)
    ]


def _pattern(path: str, source: str) -> str:
    return _in_package(path, source) if path.startswith(_PACKAGE) else path


def _in_package(path: str, source: str) -> str:
    package, _, file = path.removeprefix(_PACKAGE).partition("/")
    spec = find_spec(package) if package.isidentifier() else None
    if spec is None or not spec.submodule_search_locations:
        raise ConfigError(
            f"[events] source {source}: the package {package} is not installed. Install it; for "
            "the data of the examples: pip install 'seqchurn[examples]'."
        )
    return str(Path(spec.submodule_search_locations[0]) / file)
