"""Deliveries killed at any moment: no message lost, none delivered under two ids.

What a delivery that was left alone tells another system is the measure: of two score tables, a
day apart, the killed ones tell it the same messages, to the id.
"""

from __future__ import annotations

import random
import shutil
import signal
import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.endurance.warm import Warm
from tests.shop import Shop
from tests.sinks.collector import Collector, collecting
from tests.sinks.tables import DAY, publish_scores, scores

CUSTOMERS, BATCH = 160, 8
DAYS = ("2024-06-15", "2024-06-16", "2024-06-17")
CUTS = [0.25, 0.5, 0.75]

Message = tuple[str, str, str, float, int]
"""Id, customer, `as_of`, p_churn, band."""


class Receiver(ABC):
    """Another system that is told."""

    @property
    @abstractmethod
    def section(self) -> dict[str, Any]:
        """The section of the config that tells it."""

    @abstractmethod
    def told(self) -> set[Message]:
        """Messages that it holds."""

    @abstractmethod
    def clear(self) -> None:
        """Forget all of them."""


class Table(Receiver):
    """A table of an SQLite database."""

    def __init__(self, file: Path) -> None:
        self.file = file

    @property
    def section(self) -> dict[str, Any]:
        return {"kind": "database", "uri": f"sqlite:///{self.file}", "table": "scores"}

    def told(self) -> set[Message]:
        with closing(sqlite3.connect(self.file)) as database:
            if not database.execute("SELECT name FROM sqlite_master").fetchall():
                return set()
            columns = "message_id, customer_id, as_of, p_churn, band"
            return set(database.execute(f"SELECT {columns} FROM scores"))

    def clear(self) -> None:
        self.file.unlink(missing_ok=True)


class Calls(Receiver):
    """A collector of Segment's, which answers every fifth request with a failure.

    Half of these it takes all the same, so that some messages come twice whoever is killed.
    """

    def __init__(self, collector: Collector) -> None:
        self.collector = collector
        collector.answer = lambda number: (503, "busy") if number % 5 == 3 else (200, "{}")

    @property
    def section(self) -> dict[str, Any]:
        return {"kind": "segment", "write_key_env": "HOME", "host": self.collector.url}

    def told(self) -> set[Message]:
        requests = self.collector.requests
        kept = [request for n, request in enumerate(requests) if n % 10 != 3]
        messages = [message for request in kept for message in request.messages]
        return {
            (m["messageId"], m["userId"], t["as_of"], t["p_churn"], t["band"])
            for m in messages
            for t in [m["traits"]]
        }

    def clear(self) -> None:
        self.collector.requests.clear()


@dataclass(frozen=True)
class Trial:
    """A shop with two score tables, and what a delivery left alone tells of them."""

    shop: Shop
    warm: Warm
    receiver: Receiver
    expected: list[set[Message]]
    seconds: float

    def run(self, day: str, *, kill_after: float | None = None) -> int:
        order = ["deliver", "--config", str(self.shop.config), "--as_of", day, "--quiet"]
        ended = self.warm.run(order, kill_after=kill_after)
        assert ended.status in (0, -signal.SIGKILL), ended.err
        assert kill_after is not None or ended.status == 0, ended.err
        return ended.status

    def start_again(self) -> None:
        shutil.rmtree(self.shop.store / "deliveries", ignore_errors=True)
        self.receiver.clear()

    def is_midway(self) -> bool:
        """Whether a batch was recorded, and not all of them."""
        return any(self.shop.store.glob("deliveries/shop/crm/parts/0*"))

    def left_over(self) -> list[str]:
        folder = self.shop.store / "deliveries"
        names = [str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()]
        return sorted(set(names) - {"shop/crm/.lock", "shop/crm/delivered.parquet"})


def risks(seed: int) -> dict[str, float]:
    """Half of the customers move from one seed to another."""
    still, drawn = random.Random(0), random.Random(seed)
    moving = {n: drawn.random() for n in range(CUSTOMERS)}
    return {f"c{n}": still.random() if n % 2 else moving[n] for n in range(CUSTOMERS)}


@pytest.fixture(scope="module", params=["database", "segment"])
def trial(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Trial]:
    folder = tmp_path_factory.mktemp(request.param)
    if request.param == "segment":
        pytest.importorskip("segment.analytics", reason="needs the extra sinks")
    with collecting() as collector, Warm(folder, "deliver") as warm:
        receiver = Calls(collector) if request.param == "segment" else Table(folder / "crm.db")
        crm = {**receiver.section, "batch_rows": BATCH, "backoff_seconds": 0.002}
        audiences = {"likely": {"enter": "p_churn > 0.7", "exit": "p_churn < 0.5"}}
        bands = {"of": "p_churn", "cuts": CUTS}
        shop = Shop(folder).again(
            "shop", deliveries={"crm": {**crm, "bands": bands}}, audiences=audiences
        )
        for days, seed in enumerate((1, 2, 1)):  # on the third day all is as on the first
            table = scores(risks(seed), as_of=DAY + timedelta(days=days))
            publish_scores(shop.store / "scores" / "shop", table)
        expected, seconds = [], 0.0
        for day in DAYS:
            ended = warm.run(["deliver", "--config", str(shop.config), "--as_of", day, "--quiet"])
            assert ended.status == 0, ended.err
            expected.append(receiver.told())
            seconds = max(seconds, ended.seconds)
        yield Trial(shop, warm, receiver, expected, seconds)


def kill_and_go_on(trial: Trial, kills: int, seed: int) -> None:
    """Kill deliveries at random moments, and after each let the next one end."""
    rng, killed, midway = random.Random(seed), 0, 0
    for _ in range(5 * kills):
        trial.start_again()
        for day, expected in zip(DAYS, trial.expected, strict=True):
            for _ in range(rng.randint(1, 2)):
                moment = rng.uniform(0.1, 1.0) * trial.seconds
                killed += trial.run(day, kill_after=moment) != 0
                midway += trial.is_midway()
                assert trial.receiver.told() <= expected
            for _ in range(2):
                trial.run(day)
                assert trial.receiver.told() == expected
                assert trial.left_over() == []
        if killed >= kills and midway >= kills // 4:
            return
    pytest.fail(f"{killed} runs were killed, {midway} of them midway; expected {kills}")


@pytest.mark.slow
def test_half_of_the_customers_are_told_again(trial: Trial) -> None:
    first, both, _ = trial.expected
    assert len(first) == CUSTOMERS
    assert first < both
    assert CUSTOMERS / 4 < len(both - first) < CUSTOMERS / 2
    assert len({message_id for message_id, *_ in both}) == len(both)


def kill_and_move_on(trial: Trial, kills: int, seed: int) -> None:
    """Kill deliveries at random moments, and let the next one be of the day after.

    Whoever was told that a customer moved has to be told that the customer is back.
    """
    rng, midway = random.Random(seed), 0
    for _ in range(10 * kills):
        trial.start_again()
        trial.run(DAYS[0])
        trial.run(DAYS[1], kill_after=rng.uniform(0.1, 1.0) * trial.seconds)
        midway += trial.is_midway()
        trial.run(DAYS[2])
        newest: dict[str, Message] = {}
        for message in sorted(trial.receiver.told(), key=lambda message: message[2]):
            newest[message[1]] = message
        now = {customer: 1 + sum(r > cut for cut in CUTS) for customer, r in risks(1).items()}
        assert {customer: message[4] for customer, message in newest.items()} == now
        if midway >= kills:
            return
    pytest.fail(f"{midway} of {kills} runs were killed midway")


@pytest.mark.slow
def test_five_killed_deliveries_lose_nothing_and_tell_nothing_twice(trial: Trial) -> None:
    kill_and_go_on(trial, 5, 1)


@pytest.mark.soak
def test_fifty_killed_deliveries_lose_nothing_and_tell_nothing_twice(trial: Trial) -> None:
    kill_and_go_on(trial, 50, 2)


@pytest.mark.slow
def test_who_moved_and_moved_back_around_a_kill_is_told_so(trial: Trial) -> None:
    kill_and_move_on(trial, 3, 3)


@pytest.mark.soak
def test_who_moved_and_moved_back_around_many_kills_is_told_so(trial: Trial) -> None:
    kill_and_move_on(trial, 25, 4)
