from __future__ import annotations

import random
import shutil
import signal
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.endurance.growing import (
    NOTHING,
    Growing,
    State,
    between,
    copied,
    left_over,
    prepare,
    state,
)
from tests.endurance.warm import Warm


@dataclass(frozen=True)
class Trial:
    """Stores of one shop: of yesterday, of today, and those that are killed on the way."""

    shop: Growing
    warm: Warm
    yesterday: Path
    before: State
    after: State
    seconds: float
    """How long a run takes that is left alone."""

    def store(self, name: str) -> Path:
        return copied(self.yesterday, self.shop.folder / name)

    def is_sound(self, store: Path) -> None:
        between(store, self.before, self.after)

    def goes_on(self, store: Path) -> None:
        """The next run ends as if none had been killed."""
        ended = self.warm.run(self.shop.order(store))
        assert ended.status == 0, ended.err
        assert state(store) == self.after
        assert left_over(store) == []
        shutil.rmtree(store)


def parts(store: Path) -> int:
    return len(list(store.glob("events/*/deliveries/parts/*")))


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trial]:
    """A store that was filled file by file, so that the run of today joins parts of it."""
    growing = Growing(tmp_path_factory.mktemp("growing"))
    with Warm(growing.folder) as warm:
        yesterday = growing.folder / "yesterday"
        for number in (1, 2, 3):
            growing.fill(1, [number])
            assert warm.run(growing.order(yesterday)).status == 0
        before = state(yesterday)
        growing.fill(2)
        today = copied(yesterday, growing.folder / "today")
        ended = warm.run(growing.order(today))
        assert ended.status == 0, ended.err
        yield Trial(growing, warm, yesterday, before, state(today), ended.seconds)


def moments(count: int, seed: int) -> list[float]:
    """Shares of the time that a run takes, one drawn from each of as many equal parts."""
    rng = random.Random(seed)
    return [(number + rng.random()) / count for number in range(count)]


def kill_and_go_on(trial: Trial, shares: list[float], name: str) -> None:
    """Kill one run at each share of the time that it takes, and run again."""
    seconds, number = trial.seconds, 0
    for share in shares:
        killed = False
        while not killed:
            number += 1
            assert number < 5 * len(shares), "most runs ended before they were killed"
            store = trial.store(f"{name}-{number}")
            ended = trial.warm.run(trial.shop.order(store), kill_after=share * seconds)
            assert ended.status in (0, -signal.SIGKILL), ended.err
            killed = ended.status != 0
            seconds = seconds if killed else min(seconds, ended.seconds)
            trial.is_sound(store)
            trial.goes_on(store)


def test_yesterday_and_today_differ_and_today_is_what_a_new_store_holds(trial: Trial) -> None:
    assert trial.before.events != trial.after.events
    assert trial.before.quarantine != trial.after.quarantine
    assert trial.before.sequences != trial.after.sequences
    assert (parts(trial.yesterday), parts(trial.shop.folder / "today")) == (7, 5)
    new = trial.shop.folder / "new"
    assert trial.warm.run(trial.shop.order(new)).status == 0
    assert state(new) == trial.after
    assert left_over(new) == []


@pytest.mark.slow
def test_a_run_killed_at_six_moments_costs_nothing(trial: Trial) -> None:
    kill_and_go_on(trial, moments(6, 1), "six")


@pytest.mark.soak
@pytest.mark.parametrize("part", range(3))
def test_a_run_killed_at_sixty_moments_costs_nothing(trial: Trial, part: int) -> None:
    kill_and_go_on(trial, moments(60, 2)[part::3], f"sixty-{part}")


@pytest.mark.soak
def test_the_first_run_of_a_store_killed_at_twenty_moments_costs_nothing(trial: Trial) -> None:
    for number, share in enumerate(moments(20, 3)):
        store = trial.shop.folder / f"first-{number}"
        ended = trial.warm.run(trial.shop.order(store), kill_after=share * trial.seconds)
        assert ended.status in (0, -signal.SIGKILL), ended.err
        between(store, NOTHING, trial.after)
        trial.goes_on(store)


@pytest.mark.soak
def test_runs_killed_one_after_another_cost_nothing(trial: Trial) -> None:
    store = trial.store("again")
    for share in random.Random(4).sample(moments(20, 5), 20):
        ended = trial.warm.run(trial.shop.order(store), kill_after=share * trial.seconds)
        assert ended.status in (0, -signal.SIGKILL), ended.err
        trial.is_sound(store)
    trial.goes_on(store)


def kill_at_steps(trial: Trial, steps: Iterable[int], name: str) -> int:
    """Kill a run before each of some changes that it makes, and run again; how many were killed."""
    killed = 0
    for step in steps:
        store = trial.store(f"{name}-{step}")
        ended = trial.warm.run(trial.shop.order(store), kill_at=step)
        assert ended.status in (0, -signal.SIGKILL), ended.err
        trial.is_sound(store)
        trial.goes_on(store)
        if ended.status == 0:
            break
        killed += 1
    return killed


@pytest.mark.slow
def test_a_run_killed_before_some_of_its_changes_costs_nothing(trial: Trial) -> None:
    assert kill_at_steps(trial, range(2, 80, 8), "some") > 4


@pytest.mark.soak
@pytest.mark.parametrize("part", range(4))
def test_a_run_killed_before_any_of_its_changes_costs_nothing(trial: Trial, part: int) -> None:
    assert kill_at_steps(trial, range(part, 1_000, 4), f"any-{part}") > 10


@pytest.mark.slow
def test_a_run_in_a_process_of_its_own_killed_costs_nothing(trial: Trial) -> None:
    store = trial.store("own")
    start = time.monotonic()
    whole = prepare(trial.shop.order(trial.store("whole")))
    _, said = whole.communicate()
    assert whole.returncode == 0, said
    seconds = time.monotonic() - start
    for share in (0.6, 0.8, 0.9):
        run = prepare(trial.shop.order(store))
        time.sleep(share * seconds)
        run.kill()
        run.communicate()
        trial.is_sound(store)
    trial.goes_on(store)
