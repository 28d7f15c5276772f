from __future__ import annotations

import io
import logging
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Thread

import pytest

from seqchurn.log_lines import LogLines
from seqchurn.progress import aside, shown, work
from tests.terminal import Terminal

_LOGGER = logging.getLogger("seqchurn.test")


class Clock:
    """What tqdm takes for the time."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("tqdm.std.time", clock)
    return clock


@contextmanager
def watched(monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    """No fixture: pytest takes stderr for itself between a fixture and its test."""
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    with shown():
        yield terminal


def test_a_line_tells_what_of_how_many_how_fast_and_how_long(
    monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    with watched(monkeypatch) as terminal:
        with work("merging", 32, "buckets") as merging:
            clock.now += 4.0
            merging.done(8)
            [line] = terminal.screen()
        assert line.startswith("merging:  25%|")
        assert line.endswith("| 8/32, 2.00 buckets/s, 00:12 left")
        assert len(line) <= 100


def test_large_counts_are_rounded_and_a_total_may_shrink(
    monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    with watched(monkeypatch) as terminal:
        with work("training", 9_120_000, "events") as training:
            clock.now += 10.0
            training.reach(1_640_000, 8_200_000)
            [line] = terminal.screen()
        assert line.endswith("| 1.64M/8.20M, 164k events/s, 00:40 left")


def test_what_goes_before_the_work_is_not_in_its_rate(
    monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    with watched(monkeypatch) as terminal:
        with work("scoring", 100, "customers") as scoring:
            clock.now += 60.0  # processes start
            scoring.done(0)
            clock.now += 2.0
            scoring.done(50)
            [line] = terminal.screen()
        assert line.endswith("| 50/100, 25.0 customers/s, 00:02 left")


def test_a_line_is_drawn_some_times_a_second(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
    with watched(monkeypatch) as terminal:
        with work("training", 10_000, "events") as training:
            before = terminal.getvalue().count("\r")
            for _ in range(10_000):
                clock.now += 0.001
                training.done()
            drawn = terminal.getvalue().count("\r") - before
        assert 40 <= drawn <= 50  # in ten seconds


def test_more_than_all_is_all(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
    with watched(monkeypatch) as terminal:
        with work("merging", 0, "buckets") as nothing:
            nothing.done()
        with work("merging", 2, "buckets") as merging:
            clock.now += 1.0
            merging.done(5)
            assert "100%" in terminal.screen()[-1]
            assert "| 2/2, " in terminal.screen()[-1]


@pytest.mark.parametrize("error", [None, ValueError, KeyboardInterrupt, SystemExit])
def test_the_end_leaves_the_terminal_clean(
    error: type[BaseException] | None, monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    with watched(monkeypatch) as terminal:
        with suppress(BaseException), work("merging", 32, "buckets") as merging:
            clock.now += 1.0
            merging.done(8)
            if error:
                raise error
        print("seqchurn prepare: interrupted.", file=terminal)
        assert terminal.screen() == ["seqchurn prepare: interrupted.", ""]


def test_of_work_in_work_there_is_one_line(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
    with watched(monkeypatch) as terminal:
        with work("cutoff", 4, "cutoffs") as tried:
            tried.say("cutoff 2 of 4")
            with work("training", 10, "events") as training:
                training.say("network 1 of 3")
                clock.now += 1.0
                training.done(5)
                [line] = terminal.screen()
                assert line.startswith("cutoff 2 of 4, network 1 of 3:  50%|")
            [line] = terminal.screen()
            assert line.startswith("cutoff 2 of 4:   0%|")
            assert "network" not in line
        assert terminal.screen() == [""]


@pytest.mark.parametrize("threads", [False, True])
def test_log_lines_stand_above_the_line(
    threads: bool, monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    with LogLines().to_stderr(), work("merging", 32, "buckets") as merging:
        clock.now += 1.0
        merging.done(8)
        if threads:
            thread = Thread(target=_LOGGER.info, args=("short",))
            thread.start()
            thread.join()
        else:
            _LOGGER.info("short")
        logged, line = terminal.screen()
        assert re.fullmatch(r"[\d:]{8} \w+ short", logged)
        assert line.startswith("merging:  25%|")
        clock.now += 1.0
        merging.done(8)
        assert terminal.screen()[0] == logged
        assert terminal.screen()[1].startswith("merging:  50%|")
    assert terminal.screen() == [logged, ""]


def run(lines: LogLines) -> None:
    with lines.to_stderr(), work("merging", 2, "buckets") as merging:
        merging.say("merging more")
        merging.done()


def test_nothing_is_shown_where_nobody_watches(monkeypatch: pytest.MonkeyPatch) -> None:
    for stderr, lines in [
        (io.StringIO(), {"log_format": "text"}),
        (io.StringIO(), {}),
        (Terminal(), {"log_format": "json"}),
        (Terminal(), {"quiet": True}),
    ]:
        monkeypatch.setattr("sys.stderr", stderr)
        run(LogLines(**lines))  # type: ignore[arg-type]
        assert stderr.getvalue() == ""
    for lines in ({}, {"log_format": "text"}, {"verbose": True}):
        terminal = Terminal()
        monkeypatch.setattr("sys.stderr", terminal)
        run(LogLines(**lines))  # type: ignore[arg-type]
        assert "merging more" in terminal.getvalue()


def test_nothing_is_shown_after_the_program(monkeypatch: pytest.MonkeyPatch) -> None:
    with watched(monkeypatch) as terminal:
        pass
    with work("merging", 2, "buckets") as merging, aside():
        merging.done()
    assert terminal.getvalue() == ""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no pty")
def test_the_line_fits_the_terminal(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
    import pty
    import termios

    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 60))
    with os.fdopen(theirs, "w", encoding="utf-8") as stderr:
        monkeypatch.setattr("sys.stderr", stderr)
        with LogLines().to_stderr():
            for what in ("merging", "merging " * 20):
                with work(what, 32, "buckets") as merging:
                    clock.now += 1.0
                    merging.done(8)
        stderr.write("\rend")
        stderr.flush()
        said = ""
        while not said.endswith("\rend"):  # a pty gives what it has by now
            said += os.read(ours, 100_000).decode()
    os.close(ours)
    drawn = said.split("\r")
    [line] = [line for line in drawn if line.endswith("8/32, 8.00 buckets/s, 00:03 left")]
    assert 55 <= len(line) <= 57  # with room for the ^C of who interrupts
    assert max(map(len, drawn)) <= 60


@pytest.mark.parametrize("no_color", [None, "1"])
def test_no_colour_is_used(
    no_color: str | None, monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    with watched(monkeypatch) as terminal:
        monkeypatch.delenv("NO_COLOR", raising=False)
        if no_color is not None:
            monkeypatch.setenv("NO_COLOR", no_color)
        with work("cutoff", 4, "cutoffs"), work("training", 10, "events") as training:
            clock.now += 1.0
            training.done(5)
            with aside():
                print("a line", file=terminal)
        assert "\x1b" not in terminal.getvalue()
