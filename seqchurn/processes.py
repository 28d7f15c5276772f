"""Tasks -> processes beside this one, some at once, heard while they work.

For long work on data that each process reads for itself. What they log is logged here, under the
name of the task. Whatever ends the process that started them, also a kill, ends them: none goes on
writing where the next run works.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import pickle
import signal
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from logging.handlers import QueueHandler
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from queue import SimpleQueue
from typing import Any

from seqchurn.errors import EnvironmentFailure, SeqchurnError

__all__ = ["Tell", "cores", "run_apart"]

Tell = Callable[[Any], None]
"""Passes a message, anything that can be pickled, to the process that started this one."""

Work = Callable[[Any, Tell], None]

_LOGGERS = ("", "seqchurn")
_DONE = "seqchurn:done"
_OF_RECORDS = ("name", "levelno", "levelname", "msg", "created")


def cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):  # not on every system
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def run_apart(
    work: Work, tasks: Mapping[str, Any], *, at_once: int, told: Callable[[str, Any], None]
) -> None:
    """Do all tasks in other processes, each when one is free; returns when all are done.

    Args:
        work: A function of a module, called with a task and a `Tell`.
        tasks: Anything that can be pickled, by a name for log lines.
        at_once: Processes, at most.
        told: Called in this process with the name of a task and each message of its process.

    Raises:
        SeqchurnError: The first that a process raises; the others are ended.
        OSError: Likewise.
        EnvironmentFailure: If a process is killed, as by a system without memory.
        RuntimeError: If one fails in another way: a bug.
    """
    waiting, running = list(tasks), dict[Connection, tuple[BaseProcess, str]]()
    try:
        for _ in range(min(at_once, len(tasks))):
            pipe, process = _started(work)
            running[pipe] = process, _given(pipe, waiting, tasks)
        while running:
            ready = wait(list(running))
            for pipe in [pipe for pipe in running if pipe in ready]:
                process, name = running[pipe]
                try:
                    message = pipe.recv()
                except (EOFError, ConnectionResetError):
                    del running[pipe]
                    process.join()
                    if process.exitcode:
                        _look_for_the_cause(running, told)
                    _check(process, name)
                    continue
                if message == _DONE:
                    running[pipe] = process, _given(pipe, waiting, tasks)
                else:
                    _hear(message, name, told)
    finally:
        for process, _ in running.values():
            process.kill()
            process.join()


def _look_for_the_cause(
    others: Mapping[Connection, tuple[BaseProcess, str]], told: Callable[[str, Any], None]
) -> None:
    """Hear the others out: a process that works with them fails when one of them has failed."""
    for pipe, (_, name) in others.items():
        with suppress(EOFError, ConnectionResetError):
            while pipe.poll():
                if (message := pipe.recv()) != _DONE:
                    _hear(message, name, told)
    for process, name in others.values():
        if (process.exitcode or 0) < 0:
            _check(process, name)


def _given(pipe: Connection, waiting: list[str], tasks: Mapping[str, Any]) -> str:
    """Give the next task to a process that has none; its name, empty if there is none left."""
    name = waiting.pop(0) if waiting else ""
    with suppress(BrokenPipeError):  # it has ended, which whoever listens to it will see
        pipe.send(pickle.dumps(tasks[name]) if name else _DONE)
    return name


def _hear(message: Any, name: str, told: Callable[[str, Any], None]) -> None:
    if isinstance(message, SeqchurnError | OSError):
        raise message
    if isinstance(message, logging.LogRecord):
        message.msg = f"{name}: {message.msg}"
        logging.getLogger(message.name).handle(message)
    else:
        told(name, message)


def _started(work: Work) -> tuple[Connection, BaseProcess]:
    context = multiprocessing.get_context("spawn")  # a fork would copy threads that do not run
    ours, theirs = context.Pipe()
    levels = [logging.getLogger(name).getEffectiveLevel() for name in _LOGGERS]
    packed = pickle.dumps(work)  # opened once logging is set: libraries look at it when imported
    process = context.Process(target=_alone, args=(packed, theirs, levels), daemon=True)
    process.start()
    theirs.close()
    return ours, process


def _alone(packed: bytes, pipe: Connection, levels: list[int]) -> None:
    """What a process does: one task after another, until none is left."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever started it will end it
    threading.Thread(target=_end_with_parent, daemon=True).start()
    tell = _Telling(pipe)
    logging.captureWarnings(True)
    logging.getLogger().addHandler(_Passing(tell))
    for name, level in zip(_LOGGERS, levels, strict=True):
        logging.getLogger(name).setLevel(level)
    try:
        work = pickle.loads(packed)
        while (order := pipe.recv()) != _DONE:
            work(pickle.loads(order), tell)
            tell(_DONE)
    except (SeqchurnError, OSError) as error:
        tell(error)


class _Telling:
    """Sends messages from any thread, one after another."""

    def __init__(self, pipe: Connection) -> None:
        self.pipe, self.lock = pipe, threading.Lock()

    def __call__(self, message: Any) -> None:
        packed = pickle.dumps(message)
        with self.lock:
            self.pipe.send_bytes(packed)


class _Passing(QueueHandler):
    """Passes log records on to the process that started this one."""

    def __init__(self, tell: Tell) -> None:
        super().__init__(SimpleQueue())  # which nothing is put into
        self.tell = tell

    def enqueue(self, record: logging.LogRecord) -> None:
        plain = {name: getattr(record, name) for name in _OF_RECORDS}  # `extra` may be anything
        self.tell(logging.makeLogRecord(plain))


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _check(process: BaseProcess, name: str) -> None:
    code = process.exitcode or 0
    if code < 0:
        raise EnvironmentFailure(
            f"the process of {name or 'a task'} was ended by signal {-code}, as when memory runs "
            "out. Run it again, with fewer of them (training.at_once, training.devices, "
            "scoring.at_once)."
        )
    if code or name:
        raise RuntimeError(f"the process of {name} has failed (exit status {code}); see above")
