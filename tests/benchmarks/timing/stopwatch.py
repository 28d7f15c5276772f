"""A command line -> what a fresh process of it cost, as JSON in a file.

    python -I -S stopwatch.py REPORT COMMAND [ARGUMENT ...]

A process of its own, and a small one: the operating system counts as the peak of a child what its
parent held when it was started, too.
"""

import json
import os
import sys
import time
from pathlib import Path


def main(report: str, *command: str) -> None:
    """Run a command and write its seconds, its CPU seconds, its peak in bytes and its status."""
    started = time.monotonic()
    child = os.posix_spawnp(command[0], command, os.environ)
    _, status, used = os.wait4(child, 0)
    measured = {
        "started": started,
        "seconds": time.monotonic() - started,
        "cpu_seconds": used.ru_utime + used.ru_stime,
        "peak_rss_bytes": used.ru_maxrss * 1024,
        "status": os.waitstatus_to_exitcode(status),
    }
    Path(report).write_text(json.dumps(measured), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
