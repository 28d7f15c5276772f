from __future__ import annotations

import errno
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from seqchurn.errors import DivergedError, EnvironmentFailure
from seqchurn.processes import Tell, run_apart

_log = logging.getLogger("seqchurn.tests")


def count(number: int, tell: Tell) -> None:
    for n in range(number):
        tell((n, os.getpid()))
    _log.info("counted to %d", number)


def diverge(task: int | None, tell: Tell) -> None:
    if task is None:
        raise DivergedError("the loss became nan")
    tell(os.getpid())
    time.sleep(600.0)


def fail(task: str, tell: Tell) -> None:
    if task == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    if task == "left":
        raise SystemExit(0)
    if task == "a full disk":
        raise OSError(errno.ENOSPC, "No space left on device")
    raise ValueError(task)


def complain(task: str, tell: Tell) -> None:
    try:
        raise ValueError(task)
    except ValueError:
        _log.exception("it failed", extra={"lock": threading.Lock()})


def wait_for_the_end(task: str, tell: Tell) -> None:
    tell(os.getpid())
    time.sleep(600.0)


def show(name: str, message: Any) -> None:
    """From the first process alone: lines of two that write into one pipe may mix."""
    print(message, flush=True)


def heard(work: Any, tasks: dict[str, Any], at_once: int) -> list[tuple[str, Any]]:
    messages: list[tuple[str, Any]] = []
    run_apart(work, tasks, at_once=at_once, told=lambda *message: messages.append(message))
    return messages


def test_every_task_is_done_beside_this_process_and_heard_in_its_order(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, logger="seqchurn")
    messages = heard(count, {"two": 2, "none": 0, "three": 3}, at_once=2)
    assert [n for name, (n, _) in messages if name == "three"] == [0, 1, 2]
    assert [n for name, (n, _) in messages if name == "two"] == [0, 1]
    processes = {process for _, (_, process) in messages}
    assert os.getpid() not in processes
    assert len(processes) <= 2
    assert sorted(caplog.messages) == [
        "none: counted to 0",
        "three: counted to 3",
        "two: counted to 2",
    ]


def test_the_first_error_ends_all() -> None:
    others: list[int] = []
    with pytest.raises(DivergedError, match="the loss became nan"):
        run_apart(
            diverge,
            {"goes on": 600, "diverges": None},
            at_once=2,
            told=lambda _, process: others.append(process),
        )
    assert not any(map(alive, others))


def test_a_process_that_is_killed_is_told_apart_from_a_bug(capfd: Any) -> None:
    with pytest.raises(EnvironmentFailure, match=r"process of one was ended by signal 9, as when"):
        heard(fail, {"one": "killed"}, at_once=1)
    with pytest.raises(RuntimeError, match=r"process of one has failed \(exit status 1\)"):
        heard(fail, {"one": "a bug"}, at_once=1)
    assert "ValueError: a bug" in capfd.readouterr().err


def test_what_the_machine_refuses_is_told_as_it_is() -> None:
    with pytest.raises(OSError, match="No space left on device") as refused:
        heard(fail, {"one": "a full disk"}, at_once=1)
    assert refused.value.errno == errno.ENOSPC


def stumble(task: str, tell: Tell) -> None:
    """Two that work together: `cause` fails, and `effect` a moment after it."""
    if task == "effect":
        tell("look away")
        time.sleep(0.8)
        raise ValueError("connection closed by peer")
    time.sleep(0.4)
    if task == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    raise DivergedError("the loss became nan")


@pytest.mark.parametrize(
    ("cause", "error"), [("diverged", DivergedError), ("killed", EnvironmentFailure)]
)
def test_of_two_that_fail_together_the_cause_is_told(cause: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        run_apart(
            stumble,
            {"one": "effect", "other": cause},
            at_once=2,
            told=lambda *_: time.sleep(3.0),  # both have failed when it looks again
        )


def test_a_process_that_leaves_before_its_task_is_done_has_failed() -> None:
    with pytest.raises(RuntimeError, match=r"process of one has failed \(exit status 0\)"):
        heard(fail, {"one": "left"}, at_once=1)


def test_a_logged_error_comes_with_its_traceback(
    caplog: pytest.LogCaptureFixture, capfd: Any
) -> None:
    heard(complain, {"one": "no luck"}, at_once=1)
    [message] = caplog.messages
    assert message.startswith("one: it failed\nTraceback")
    assert message.endswith("ValueError: no luck")


def test_a_killed_run_leaves_no_process_behind(tmp_path: Path) -> None:
    script = (
        "from seqchurn.processes import run_apart\n"
        "from tests.test_processes import show, wait_for_the_end\n"
        "if __name__ == '__main__':\n"
        "    run_apart(wait_for_the_end, {'a': 'a', 'b': 'b'}, at_once=2, told=show)\n"
    )
    file = tmp_path / "script.py"
    file.write_text(script, encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(
        [sys.executable, str(file)], stdout=subprocess.PIPE, text=True, env=environment
    ) as run:
        assert run.stdout is not None
        timer = threading.Timer(120.0, run.kill)
        timer.start()
        others = [int(run.stdout.readline()) for _ in range(2)]
        timer.cancel()
        run.kill()
        deadline = time.monotonic() + 60.0
        while any(map(alive, others)):
            assert time.monotonic() < deadline, f"{others} go on"
            time.sleep(0.05)


def alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{process}/stat")
    return not state.exists() or ") Z " not in state.read_text(encoding="utf-8")
