"""The shop that the runs prepare, and what a long fuzz run came to."""

from __future__ import annotations

import logging

import pytest

from tests.endurance.growing import Growing


@pytest.fixture(autouse=True)
def quiet(caplog: pytest.LogCaptureFixture) -> None:
    """No warnings of thousands of damaged files around the one that fails."""
    caplog.set_level(logging.ERROR, "seqchurn")


@pytest.fixture(scope="module")
def growing(tmp_path_factory: pytest.TempPathFactory) -> Growing:
    """The logs of day 1."""
    shop = Growing(tmp_path_factory.mktemp("growing"))
    shop.fill(1)
    return shop


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how many damaged files there were, over all processes."""
    reports = [r for said in ("passed", "failed") for r in terminalreporter.getreports(said)]
    found = [dict(r.user_properties) for r in reports if r.user_properties]
    files = sum(int(f.get("damaged files", 0)) for f in found)
    seconds = sum(float(f.get("seconds", 0)) for f in found)
    if files:
        terminalreporter.write_line(f"{files:,} damaged files, {seconds:.0f} s of ingesting them")
