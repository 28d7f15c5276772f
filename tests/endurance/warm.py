"""A process that has imported what verbs need and forks for each command line it is given.

A run then takes a fraction of a second, all of it work, so that a moment drawn at random hits
something. Run as a module it is that process; orders and answers are lines of JSON.
"""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

__all__ = ["Ended", "Warm"]

_CHANGES = ("os.rename", "os.remove", "os.rmdir", "os.link")
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT


@dataclass(frozen=True)
class Ended:
    """How a run ended."""

    status: int
    """Exit status, or the signal that killed it as a negative number."""
    seconds: float
    err: str


class Warm:
    """Starts command lines in forks of a warm process."""

    def __init__(self, scratch: Path) -> None:
        """Start the process.

        Args:
            scratch: Folder for what the runs print.
        """
        self._err = scratch / "stderr.txt"
        pipe = subprocess.PIPE
        command = [sys.executable, "-m", "tests.endurance.warm"]
        root = Path(__file__).parents[2]
        self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, cwd=root)

    def __enter__(self) -> Warm:
        """Wait until it is warm."""
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "warm\n"
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End the process."""
        self._process.communicate()

    def run(
        self,
        order: list[str],
        *,
        kill_after: float | None = None,
        kill_at: int | None = None,
        full_at: int | None = None,
    ) -> Ended:
        """Run a command line.

        Args:
            order: Its words, after `seqchurn`.
            kill_after: Seconds after which it is killed with SIGKILL; None: it is left alone.
            kill_at: Number of the change of the file system that Python makes, from 0, in place
                of which it is killed; None: it is left alone.
            full_at: Number of the change from which on the disk is full; None: it never is.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        said = {"order": order, "err": str(self._err), "kill_after": kill_after}
        said |= {"kill_at": kill_at, "full_at": full_at}
        self._process.stdin.write(json.dumps(said) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        return Ended(answer["status"], answer["seconds"], self._err.read_text(encoding="utf-8"))


def serve() -> None:
    """Answer orders until there are no more."""
    import seqchurn.commands.deliver
    import seqchurn.commands.prepare  # noqa: F401
    from seqchurn.cli import main

    print("warm", flush=True)
    for line in sys.stdin:
        said = json.loads(line)
        start = time.monotonic()
        child = os.fork()
        if child == 0:
            output = os.open(said["err"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.dup2(output, 1)
            os.dup2(output, 2)
            sys.addaudithook(_fault(said["kill_at"], said["full_at"]))
            status = main(said["order"])
            sys.stderr.flush()
            os._exit(status)
        status = _reaped(child, start, said["kill_after"])
        print(json.dumps({"status": status, "seconds": time.monotonic() - start}), flush=True)


def _fault(kill_at: int | None, full_at: int | None) -> Callable[[str, tuple[Any, ...]], None]:
    """What counts the changes of the file system, and kills the process or refuses them."""
    count = 0

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal count
        adds = event == "os.mkdir" or (event == "open" and bool(arguments[2] & _WRITES))
        if not adds and event not in _CHANGES:
            return
        if count == kill_at:
            os.kill(os.getpid(), 9)
        if adds and full_at is not None and count >= full_at:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), arguments[0])
        count += 1

    return hook


def _reaped(child: int, start: float, kill_after: float | None) -> int:
    """Wait for a child, kill it when its time has come, and say how it ended."""
    while kill_after is not None:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() - start >= kill_after:
            os.kill(child, 9)  # not yet waited for, so it is still this child
            break
        time.sleep(0.0005)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


if __name__ == "__main__":
    serve()
