from __future__ import annotations

from pathlib import Path

import pytest

from tests.endurance.growing import Growing, State, copied, left_over, prepare, state
from tests.endurance.warm import Warm


@pytest.fixture(scope="module")
def yesterday(growing: Growing) -> Path:
    store = growing.folder / "yesterday"
    prepared(growing, store)
    growing.fill(2)
    return store


@pytest.fixture(scope="module")
def after(growing: Growing, yesterday: Path) -> State:
    today = copied(yesterday, growing.folder / "today")
    prepared(growing, today)
    assert state(today) != state(yesterday)
    return state(today)


def prepared(shop: Growing, store: Path) -> None:
    with Warm(shop.folder) as warm:
        ended = warm.run(shop.order(store))
    assert ended.status == 0, ended.err


def together(shop: Growing, store: Path, count: int) -> list[int]:
    """Statuses of runs that are started at once; one that was kept out says by what."""
    runs = [prepare(shop.order(store)) for _ in range(count)]
    for run in runs:
        _, said = run.communicate()
        assert run.returncode in (0, 5), said
        assert run.returncode == 0 or "Wait until it has ended." in said
        complaints = [line for line in said.splitlines() if " warning: source " not in line]
        assert len(complaints) == (run.returncode == 5)
    return [run.returncode for run in runs]


def check_together(shop: Growing, store: Path, after: State, *, runs: int) -> None:
    statuses = together(shop, store, runs)
    assert 0 in statuses
    assert state(store) == after
    assert left_over(store) == []


@pytest.mark.slow
@pytest.mark.parametrize("runs", [2, 4])
def test_of_runs_at_once_one_prepares_and_none_does_harm(
    runs: int, growing: Growing, yesterday: Path, after: State
) -> None:
    store = copied(yesterday, growing.folder / f"grown-by-{runs}")
    check_together(growing, store, after, runs=runs)


@pytest.mark.slow
def test_the_first_runs_at_once_do_no_harm(growing: Growing, after: State) -> None:
    check_together(growing, growing.folder / "new", after, runs=2)


@pytest.mark.soak
@pytest.mark.parametrize("number", range(20))
def test_of_runs_at_once_none_does_harm_many_times(
    number: int, growing: Growing, yesterday: Path, after: State
) -> None:
    store = copied(yesterday, growing.folder / f"many-{number}")
    check_together(growing, store, after, runs=2 + number % 2)
