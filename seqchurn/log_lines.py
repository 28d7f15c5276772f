"""What people and log collectors see on stderr: log lines, and what a run says when it fails.

Text on a terminal, elsewhere one JSON object a line; no colours. Each log line carries the id of
the run of the program, SEQCHURN_RUN_ID where whoever starts it has one of its own; of objects the
last one, too.
"""

from __future__ import annotations

import json
import logging
import os
import re
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from typing import TextIO

from seqchurn.progress import aside, shown

__all__ = ["LogLines"]

_RUN_ID = "SEQCHURN_RUN_ID"
_COLOUR = re.compile(r"\x1b\[[\d;]*m")


class LogLines:
    """Log lines of one run of the program.

    Args:
        log_format: text; json for one object a line; auto: text on a terminal, else json.
        quiet: Warnings and errors only, and no progress.
        verbose: Details too, and what the libraries underneath report besides warnings.
    """

    def __init__(
        self, *, log_format: str = "auto", quiet: bool = False, verbose: bool = False
    ) -> None:
        self.as_json = log_format == "json" or (log_format == "auto" and not sys.stderr.isatty())
        self.run = os.environ.get(_RUN_ID) or secrets.token_hex(4)
        self.quiet = quiet
        self.verbose = verbose

    @property
    def progress(self) -> bool:
        """Whether to show how far work has come: to people who watch."""
        return sys.stderr.isatty() and not (self.quiet or self.as_json)

    @contextmanager
    def to_stderr(self) -> Iterator[None]:
        """Send log records and progress to stderr for as long as the context lasts."""
        handler = _StderrHandler()
        handler.setFormatter(_JsonFormatter(self.run) if self.as_json else _TextFormatter(self.run))
        if not self.verbose:  # some libraries set the level of their loggers themselves
            handler.addFilter(lambda record: _is_own(record) or record.levelno >= logging.WARNING)
        os.environ.setdefault("MLFLOW_CONFIGURE_LOGGING", "false")  # or its lines go elsewhere
        root, own = logging.getLogger(), logging.getLogger("seqchurn")
        levels = root.level, own.level
        root.addHandler(handler)
        root.setLevel(logging.INFO if self.verbose else logging.WARNING)
        own.setLevel(self._own_level())
        logging.captureWarnings(True)
        try:
            with shown() if self.progress else nullcontext():
                yield
        finally:
            logging.captureWarnings(False)
            root.removeHandler(handler)
            root.setLevel(levels[0])
            own.setLevel(levels[1])

    def complain(self, message: str, *, exit_code: int, bug: BaseException | None = None) -> None:
        """The last words of a run that fails; of a bug also where it lies."""
        trace = (type(bug), bug, bug.__traceback__) if bug else None
        known = {"name": "seqchurn", "levelname": "ERROR", "msg": message, "exc_info": trace}
        record = logging.makeLogRecord({**known, "exit_code": exit_code})
        formatter = _JsonFormatter(self.run) if self.as_json else logging.Formatter()
        print(formatter.format(record), file=sys.stderr)

    def _own_level(self) -> int:
        if self.verbose:
            return logging.DEBUG
        return logging.WARNING if self.quiet else logging.INFO


def _is_own(record: logging.LogRecord) -> bool:
    return record.name.partition(".")[0] == "seqchurn"


def _plain(message: str) -> str:
    """Without the colours that MLflow gives to warnings, also where NO_COLOR is set."""
    return _COLOUR.sub("", message)


class _StderrHandler(logging.StreamHandler[TextIO]):
    """Looks stderr up anew for each record, so that redirecting it works.

    A line of progress stands aside.
    """

    def __init__(self) -> None:
        super().__init__(sys.stderr)

    def emit(self, record: logging.LogRecord) -> None:
        self.stream = sys.stderr
        with aside():
            super().emit(record)


class _TextFormatter(logging.Formatter):
    def __init__(self, run: str) -> None:
        super().__init__(f"%(asctime)s {run} %(said)s", datefmt="%H:%M:%S")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 (logging's name)
        loud = record.levelno >= logging.WARNING
        message = _plain(record.message)
        record.said = f"{record.levelname.lower()}: {message}" if loud else message
        return super().formatMessage(record)


class _JsonFormatter(logging.Formatter):
    def __init__(self, run: str) -> None:
        super().__init__()
        self.run = run

    def format(self, record: logging.LogRecord) -> str:
        entry: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "run": self.run,
            "logger": record.name,
            "message": _plain(record.getMessage()),
        }
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        if (exit_code := getattr(record, "exit_code", None)) is not None:
            entry["exit_code"] = exit_code
        return json.dumps(entry, ensure_ascii=False, default=str)
