"""Batches: taken once each, tried again where the other system fails, never lost."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from seqchurn.config.audiences import Audience
from seqchurn.errors import ConfigError, EnvironmentFailure
from seqchurn.sinks import Audiences, Delivered, Plan, Sink, deliver, delivering

AUDIENCES = Audiences({"likely": Audience(enter="p_churn > 0.5")})
RISKS = {f"c{number}": number / 10 for number in range(7)}


class Memory(Sink):
    """Another system that keeps what it takes, and fails when it is told to."""

    def __init__(self, failures: dict[int, Exception] | None = None) -> None:
        self.failures = failures or {}
        self.tries = 0
        self.batches: list[list[str]] = []

    def send(self, rows: pl.DataFrame) -> None:
        self.tries += 1
        if self.tries in self.failures:
            raise self.failures[self.tries]
        self.batches.append(rows["customer_id"].to_list())


@pytest.fixture
def waited(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds that were slept."""
    seconds: list[float] = []
    monkeypatch.setattr(delivering.time, "sleep", seconds.append)
    return seconds


@pytest.fixture
def delivered(tmp_path: Path) -> Delivered:
    return Delivered(tmp_path / "crm")


@pytest.fixture
def send(first_plan: Callable[..., Plan], delivered: Delivered) -> Callable[..., None]:
    def sent(sink: Sink, risks: dict[str, float] = RISKS, **changes: Any) -> None:
        arguments = {"batch_rows": 3, "retries": 2, "backoff_seconds": 1.5, **changes}
        deliver(first_plan(risks), sink, delivered, audiences=AUDIENCES, **arguments)

    return sent


def test_all_rows_go_in_batches_and_are_recorded(
    send: Callable[..., None], delivered: Delivered, first_plan: Callable[..., Plan]
) -> None:
    sink, planned = Memory(), first_plan(RISKS)
    send(sink)
    assert sink.batches == [["c0", "c1", "c2"], ["c3", "c4", "c5"], ["c6"]]
    told = delivered.rows()
    assert told["customer_id"].to_list() == list(RISKS)
    assert told["band"].to_list() == planned.messages["band"].to_list()
    assert told["form"].unique().to_list() == [planned.form]
    assert told["audiences"].to_list() == [[]] * 6 + [["likely"]]
    assert not (delivered.folder / "parts").exists()


def test_without_a_number_all_rows_are_one_batch(send: Callable[..., None]) -> None:
    sink = Memory()
    send(sink, batch_rows=None)
    assert sink.batches == [list(RISKS)]


def test_where_nothing_changed_nothing_is_sent(send: Callable[..., None]) -> None:
    sink = Memory()
    send(sink, {}, batch_rows=None)
    assert (sink.tries, sink.batches) == (0, [])


def test_a_batch_that_fails_is_tried_again_after_ever_longer_waits(
    send: Callable[..., None], waited: list[float], caplog: pytest.LogCaptureFixture
) -> None:
    down = EnvironmentFailure("crm is down.")
    sink = Memory({2: down, 3: down, 5: down})
    send(sink)
    assert sink.batches == [["c0", "c1", "c2"], ["c3", "c4", "c5"], ["c6"]]
    assert waited == [1.5, 3.0, 1.5]
    assert "crm is down. Trying again in 1.5 s." in caplog.text


def test_a_system_that_still_fails_ends_the_run_and_keeps_what_was_taken(
    send: Callable[..., None], waited: list[float], delivered: Delivered
) -> None:
    down = EnvironmentFailure("crm is down.")
    with pytest.raises(
        EnvironmentFailure, match="^crm is down. 3 of 7 rows were delivered and are recorded.$"
    ):
        send(Memory(dict.fromkeys((2, 3, 4), down)))
    assert waited == [1.5, 3.0]
    assert delivered.rows().filter("sure")["customer_id"].to_list() == ["c0", "c1", "c2"]


def test_a_system_that_refuses_is_not_asked_again(
    send: Callable[..., None], waited: list[float], delivered: Delivered
) -> None:
    sink = Memory({2: ConfigError("wrong key.")})
    with pytest.raises(ConfigError, match="wrong key"):
        send(sink)
    assert (sink.tries, waited) == (2, [])
    assert delivered.rows().filter("sure").height == 3


def test_progress_is_said_now_and_then(
    send: Callable[..., None], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(delivering, "_SAY_EVERY_SECONDS", -1.0)
    with caplog.at_level("INFO", "seqchurn"):
        send(Memory())
    assert "6 of 7 rows delivered" in caplog.text
