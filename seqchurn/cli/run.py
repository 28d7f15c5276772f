"""A command line in, a verb run, an exit status out.

Each verb is a module of `seqchurn.commands`, imported only when it runs. Results go to stdout,
logs and complaints to stderr. The statuses are those of `seqchurn.errors`, and 1: our bug,
7: the machine refused, 128 and the number of the signal: stopped.
"""

from __future__ import annotations

import importlib
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import NoReturn

from seqchurn.cli.command_line import Order, read_command_line, verb_of
from seqchurn.config import Config, load_config
from seqchurn.config.yaml_text import to_yaml
from seqchurn.errors import SeqchurnError
from seqchurn.log_lines import LogLines

__all__ = ["main"]

_STOPS = {signal.SIGINT: "interrupted", signal.SIGTERM: "terminated"}


class _Stopped(BaseException):
    """A signal arrived; raised so that context managers clean up."""


def main(argv: list[str] | None = None) -> int:
    """Run the command line and return its exit status."""
    arguments = sys.argv[1:] if argv is None else argv
    title = " ".join(["seqchurn", *arguments[:1]]) if verb_of(arguments) else "seqchurn"
    lines = LogLines()
    try:
        with _signals_raise():
            order = read_command_line(arguments)
            if order is not None:  # else help or the version was asked for, and printed
                lines = LogLines(**order.logging)
                with lines.to_stderr():
                    _obey(order)
            sys.stdout.flush()
            return 0
    except SeqchurnError as error:
        many = "\n" if "\n" in str(error) else " "
        message, status = f"{title}:{many}{error}", error.exit_code
    except _Stopped as stop:
        signum = signal.Signals(stop.args[0])
        message, status = f"{title}: {_STOPS[signum]}.", 128 + signum
    except BrokenPipeError:
        return _leave_closed_pipe()
    except OSError as error:
        message = f"{title}: {error}. The machine refused; mend that and run the same again."
        status = 7
    except Exception as error:
        message = f"{title}: this is a bug in seqchurn; please report all of this."
        lines.complain(message, exit_code=1, bug=error)
        return 1
    lines.complain(message, exit_code=status)
    return status


def _obey(order: Order) -> None:
    config: Config = load_config(order.config, order.overrides)
    if order.print_config:
        print(to_yaml(config), end="")
    else:
        verb = importlib.import_module(f"seqchurn.commands.{order.verb}")
        verb.run(config, **order.run_arguments)


def _leave_closed_pipe() -> int:
    """Nobody reads stdout any more: keep the interpreter from writing to it at exit."""
    with suppress(OSError):  # a replaced stdout has no file number
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 128 + signal.SIGPIPE


@contextmanager
def _signals_raise() -> Iterator[None]:
    """Stop at the first signal; more of them do not disturb the cleaning up.

    Not KeyboardInterrupt, which Lightning would turn into an exit status of 1.
    """

    def stop(signum: int, _: object) -> NoReturn:
        signal.signal(signum, signal.SIG_IGN)
        raise _Stopped(signum)

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {signum: signal.signal(signum, stop) for signum in _STOPS}
    try:
        yield
    finally:
        for signum, handler in before.items():
            signal.signal(signum, handler)
