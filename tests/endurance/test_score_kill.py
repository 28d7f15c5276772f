"""`score` killed: readers see the table before or the table after, and the next run ends."""

from __future__ import annotations

import random
import shutil
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.endurance.warm import Warm
from tests.shop import AS_OF, Shop

_ANOTHER_TABLE = ["--scoring.churn_horizon", "56d"]


def seen(shop: Shop) -> tuple[str, str]:
    """What a reader finds: the digest of the table and all of its rows."""
    return shop.table("scores", as_of=AS_OF).manifest()["digest"], shop.scores().write_csv()


@dataclass(frozen=True)
class Trial:
    """A shop with a published table, and what another run makes of it."""

    shop: Shop
    warm: Warm
    published: Path
    """A copy of the table before."""
    before: tuple[str, str]
    after: tuple[str, str]
    seconds: float
    """How long a run takes that is left alone."""

    @property
    def table(self) -> Path:
        return self.shop.table("scores", as_of=AS_OF).folder

    @property
    def order(self) -> list[str]:
        return _order(self.shop)

    def reset(self) -> None:
        shutil.rmtree(self.table)
        shutil.copytree(self.published, self.table)

    def goes_on(self) -> None:
        """The next run ends as if none had been killed."""
        ended = self.warm.run(self.order)
        assert ended.status == 0, ended.err
        assert seen(self.shop) == self.after
        assert not (self.table / "unfinished").exists()


def _order(shop: Shop) -> list[str]:
    return ["score", "--config", str(shop.config), "--as_of", AS_OF, *_ANOTHER_TABLE]


@pytest.fixture
def trial(trained: Shop) -> Iterator[Trial]:
    before, published = seen(trained), trained.folder / "published"
    table = trained.table("scores", as_of=AS_OF).folder
    shutil.copytree(table, published)
    with Warm(trained.folder, "score") as warm:
        ended = warm.run(_order(trained))
        assert ended.status == 0, ended.err
        after = seen(trained)
        assert after != before
        yield Trial(trained, warm, published, before, after, ended.seconds)


def kill_at_moments(trial: Trial, count: int, seed: int) -> None:
    """Kill runs at shares of their time, drawn from as many equal parts, and run again."""
    rng, seconds, runs = random.Random(seed), trial.seconds, 0
    for number in range(count):
        share, killed = (number + rng.random()) / count, False
        while not killed:
            runs += 1
            assert runs < 5 * count, "most runs ended before they were killed"
            trial.reset()
            ended = trial.warm.run(trial.order, kill_after=share * seconds)
            assert ended.status in (0, -signal.SIGKILL), ended.err
            killed = ended.status != 0
            seconds = seconds if killed else min(seconds, ended.seconds)
            assert seen(trial.shop) in (trial.before, trial.after)
            trial.goes_on()


def kill_at_steps(trial: Trial, every: int) -> int:
    """Kill runs before changes of the disk, one by one, until one ends; how many were killed."""
    for step in range(0, 10_000, every):
        trial.reset()
        ended = trial.warm.run(trial.order, kill_at=step)
        assert ended.status in (0, -signal.SIGKILL), ended.err
        assert seen(trial.shop) in (trial.before, trial.after)
        trial.goes_on()
        if ended.status == 0:
            return step // every
    raise AssertionError("a run that changes the disk ten thousand times")


@pytest.mark.slow
def test_a_score_killed_at_some_moments_costs_nothing(trial: Trial) -> None:
    kill_at_moments(trial, 5, 1)


@pytest.mark.slow
def test_a_score_killed_before_some_of_its_changes_costs_nothing(trial: Trial) -> None:
    assert kill_at_steps(trial, 6) > 2


@pytest.mark.soak
def test_a_score_killed_at_a_hundred_moments_costs_nothing(trial: Trial) -> None:
    kill_at_moments(trial, 100, 2)


@pytest.mark.soak
def test_a_score_killed_before_any_of_its_changes_costs_nothing(trial: Trial) -> None:
    assert kill_at_steps(trial, 1) > 10


@pytest.mark.slow
def test_what_was_scored_before_a_kill_is_not_scored_again(trial: Trial) -> None:
    for step in range(6, 60, 3):
        trial.reset()
        assert trial.warm.run(trial.order, kill_at=step).status == -signal.SIGKILL
        ended = trial.warm.run(trial.order)
        assert ended.status == 0, ended.err
        assert seen(trial.shop) == trial.after
        if "of 4 buckets are scored already" in ended.err:
            return
    raise AssertionError("no run went on with what another had scored")
