"""What people and log collectors see: log lines on stderr, tables of results for stdout."""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TextIO

__all__ = ["logging_to_stderr", "table"]


@contextmanager
def logging_to_stderr(
    *, log_format: str = "text", quiet: bool = False, verbose: bool = False
) -> Iterator[None]:
    """Send log records to stderr for as long as the context lasts.

    Args:
        log_format: text, or json for one object a line.
        quiet: Warnings and errors only.
        verbose: Details too, and what the libraries underneath report besides warnings.
    """
    handler = _StderrHandler()
    handler.setFormatter(_JsonFormatter() if log_format == "json" else _TextFormatter())
    if not verbose:  # some libraries set the level of their loggers themselves
        handler.addFilter(lambda record: _is_own(record) or record.levelno >= logging.WARNING)
    os.environ.setdefault("MLFLOW_CONFIGURE_LOGGING", "false")  # or its lines would go elsewhere
    root, own = logging.getLogger(), logging.getLogger("seqchurn")
    levels = root.level, own.level
    root.addHandler(handler)
    root.setLevel(logging.INFO if verbose else logging.WARNING)
    own.setLevel(logging.DEBUG if verbose else logging.WARNING if quiet else logging.INFO)
    logging.captureWarnings(True)
    try:
        yield
    finally:
        logging.captureWarnings(False)
        root.removeHandler(handler)
        root.setLevel(levels[0])
        own.setLevel(levels[1])


def table(rows: Sequence[Sequence[object]], headers: Sequence[str]) -> str:
    """Rows as aligned text, numbers to the right and whole ones with thousands separators.

    >>> print(table([["orders", 1234], ["views", 56]], ["event", "rows"]))
    event    rows
    ------  -----
    orders  1,234
    views      56
    """
    cells = [[_cell(value) for value in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(headers, *cells, strict=True)]
    numeric = [
        bool(rows) and all(value is None or _is_number(value) for value in column)
        for column in (zip(*rows, strict=True) if rows else [[]] * len(headers))
    ]
    lines = [list(headers), ["-" * width for width in widths], *cells]
    return "\n".join(
        "  ".join(
            text.rjust(width) if right else text.ljust(width)
            for text, width, right in zip(line, widths, numeric, strict=True)
        ).rstrip()
        for line in lines
    )


def _cell(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_own(record: logging.LogRecord) -> bool:
    return record.name.partition(".")[0] == "seqchurn"


class _StderrHandler(logging.StreamHandler[TextIO]):
    """Looks stderr up anew for each record, so that redirecting it works."""

    def __init__(self) -> None:
        super().__init__(sys.stderr)

    def emit(self, record: logging.LogRecord) -> None:
        self.stream = sys.stderr
        super().emit(record)


class _TextFormatter(logging.Formatter):
    def __init__(self) -> None:
        super().__init__("%(asctime)s %(message)s", datefmt="%H:%M:%S")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 (logging's name)
        line = super().formatMessage(record)
        if record.levelno < logging.WARNING:
            return line
        clock, _, message = line.partition(" ")
        return f"{clock} {record.levelname.lower()}: {message}"


class _JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        entry = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        return json.dumps(entry, ensure_ascii=False, default=str)
