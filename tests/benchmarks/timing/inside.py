"""`seqchurn VERB ...` with a clock on one function of it -> when that began and ended.

    python -m tests.benchmarks.timing.inside seqchurn.commands.train:fit_model train --config FILE

The verb runs as it always does; the last line of stdout is JSON: `called` and `returned`, both of
the first call, by the clock that all processes of a machine share.
"""

from __future__ import annotations

import functools
import importlib
import json
import sys
import time
from operator import attrgetter
from typing import Any

from seqchurn.cli import main

__all__ = ["clocked", "found"]


def clocked(owner: Any, name: str) -> dict[str, float]:
    """Put a clock on a function of a module or class; what it says is filled in at the call."""
    function, told = getattr(owner, name), {}

    @functools.wraps(function)
    def timed(*arguments: Any, **named: Any) -> Any:
        told.setdefault("called", time.monotonic())
        result = function(*arguments, **named)
        told.setdefault("returned", time.monotonic())
        return result

    setattr(owner, name, timed)
    return told


def found(place: str) -> tuple[Any, str]:
    """What holds a function, and its name: of `package.module:Class.name`."""
    module, _, path = place.partition(":")
    owner, _, name = path.rpartition(".")
    holder = importlib.import_module(module)
    return attrgetter(owner)(holder) if owner else holder, name


def _run(place: str, arguments: list[str]) -> int:
    told = clocked(*found(place))
    status = main(arguments)
    if status == 0 and not told:
        print(f"{place} was never called by {arguments[0]}", file=sys.stderr)
        return 1
    print(json.dumps(told))
    return status


if __name__ == "__main__":
    sys.exit(_run(sys.argv[1], sys.argv[2:]))
