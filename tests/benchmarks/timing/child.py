"""Command lines -> what fresh processes of them cost; two sides of a comparison take turns."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

__all__ = ["ROOT", "Measured", "MeasureError", "interleaved", "measure"]

ROOT = Path(__file__).parents[3]
"""Where children start: from here both packages, the project and its tests, are imported."""

_STOPWATCH = Path(__file__).with_name("stopwatch.py")
_LINES_OF_COMPLAINT = 12

Result = TypeVar("Result")


class MeasureError(Exception):
    """A process that was to be measured has failed."""


@dataclass(frozen=True)
class Measured:
    """What one process cost."""

    seconds: float
    """From its start to its end."""
    cpu_seconds: float
    """Of user and system."""
    peak_rss_bytes: int
    started: float
    """When it was started, by the clock that all processes of a machine share."""
    told: dict[str, Any]
    """What it said of itself: the last line of stdout, if that is JSON."""
    log: str
    """Its stderr."""


def measure(command: Sequence[str]) -> Measured:
    """Run a command in a fresh process.

    Raises:
        MeasureError: If it fails; with the end of what it complained of.
    """
    with tempfile.TemporaryDirectory() as scratch:
        report = Path(scratch) / "report.json"
        watched = [sys.executable, "-I", "-S", str(_STOPWATCH), str(report), *command]
        ended = subprocess.run(watched, cwd=ROOT, capture_output=True, text=True, check=False)
        found = json.loads(report.read_text(encoding="utf-8")) if report.exists() else {"status": 1}
    if found.pop("status"):
        tail = "\n".join(ended.stderr.splitlines()[-_LINES_OF_COMPLAINT:])
        raise MeasureError(f"{' '.join(command)}\n{tail}")
    return Measured(**found, told=_told(ended.stdout), log=ended.stderr)


def interleaved(sides: Mapping[str, Callable[[], Result]], rounds: int) -> dict[str, list[Result]]:
    """What each side gives in each round; in every round all sides, in their order."""
    results: dict[str, list[Result]] = {name: [] for name in sides}
    for _ in range(rounds):
        for name, side in sides.items():
            results[name].append(side())
    return results


def _told(stdout: str) -> dict[str, Any]:
    last = stdout.rstrip().rpartition("\n")[2]
    return dict(json.loads(last)) if last.startswith("{") else {}
