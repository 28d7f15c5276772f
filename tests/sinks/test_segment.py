"""What Segment's collector gets, and what becomes of its answers."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import polars as pl
import pytest

from seqchurn.errors import ConfigError, DataError, EnvironmentFailure
from seqchurn.sinks import Sink
from tests.sinks.collector import Collector

pytest.importorskip("segment.analytics", reason="needs the extra sinks")

KEY = "planted-write-key-4711"


@pytest.fixture
def segment(
    sink: Callable[..., Sink], collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Sink]:
    monkeypatch.setenv("CRM_KEY", KEY)
    values = {"kind": "segment", "write_key_env": "CRM_KEY", "host": collector.url}
    return lambda **changes: sink(**{**values, **changes})


def test_a_row_is_an_identify_call_with_its_columns_as_traits(
    segment: Callable[..., Sink], collector: Collector, rows: Callable[..., pl.DataFrame]
) -> None:
    batch = rows({"ann": 0.25, "bob": 0.75})
    segment().send(batch)
    [request] = collector.requests
    ann, bob = request.messages
    assert request.path == "/v1/batch"
    assert request.headers["Authorization"] == f"Basic {_basic(KEY)}"
    assert request.body["writeKey"] == KEY
    assert [message["messageId"] for message in (ann, bob)] == batch["message_id"].to_list()
    assert (ann["type"], ann["userId"], ann["anonymousId"]) == ("identify", "ann", None)
    assert ann["timestamp"] == "2024-06-15T00:00:00.000+00:00"
    assert set(ann["traits"]) == set(batch.columns) - {"customer_id", "message_id"}
    traits = {name: bob["traits"][name] for name in ("p_churn", "band", "likely", "as_of")}
    assert traits == {
        **{"p_churn": 0.75, "band": 3, "likely": True},
        "as_of": "2024-06-15T00:00:00+00:00",
    }
    assert bob["traits"]["next_order_p90"] is None


def _basic(key: str) -> str:
    return base64.b64encode(f"{key}:".encode()).decode()


@pytest.mark.parametrize(
    ("status", "error", "words"),
    [
        (503, EnvironmentFailure, "answers 503.*Check that it runs, then run it again"),
        (429, EnvironmentFailure, "answers 429"),
        (401, ConfigError, "answers 401.*It will not take these messages: correct its address"),
        (413, ConfigError, "answers 413.*send fewer at a time"),
    ],
)
def test_what_segment_does_not_take_is_an_error(
    status: int,
    error: type[Exception],
    words: str,
    segment: Callable[..., Sink],
    collector: Collector,
    rows: Callable[..., pl.DataFrame],
) -> None:
    collector.answer = lambda _: (status, "no")
    with pytest.raises(error, match=rf"\[deliveries\] crm: http://127.*{words}"):
        segment().send(rows({"ann": 0.25}))


@pytest.mark.parametrize("status", [301, 302, 307])
def test_a_redirect_is_no_acceptance(
    status: int,
    segment: Callable[..., Sink],
    collector: Collector,
    rows: Callable[..., pl.DataFrame],
) -> None:
    elsewhere = f"{collector.url}/elsewhere"
    collector.answer = lambda number: (200, "") if number else (status, elsewhere)
    with pytest.raises(ConfigError, match=f"answers {status}"):
        segment().send(rows({"ann": 0.25}))


def test_nobody_there_is_told(
    segment: Callable[..., Sink], rows: Callable[..., pl.DataFrame]
) -> None:
    with pytest.raises(EnvironmentFailure, match="127.0.0.1:9 does not answer: .*refused"):
        segment(host="http://127.0.0.1:9").send(rows({"ann": 0.25}))


def test_the_key_is_in_no_message_and_no_log_even_if_the_collector_repeats_it(
    segment: Callable[..., Sink],
    collector: Collector,
    rows: Callable[..., pl.DataFrame],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("DEBUG")
    collector.answer = lambda _: (403, f"who is {KEY}, {_basic(KEY)}?")
    with pytest.raises(ConfigError, match=r"who is \*\*\*, \*\*\*\?") as caught:
        segment().send(rows({"ann": 0.25}))
    for said in (str(caught.value), caplog.text):
        assert KEY not in said
        assert _basic(KEY) not in said


@pytest.mark.parametrize(("value", "words"), [(None, "is not set; ex"), ("", "is empty; expected")])
def test_a_key_that_is_not_there_is_told(
    value: str | None,
    words: str,
    segment: Callable[..., Sink],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("CRM_KEY")
    if value is not None:
        monkeypatch.setenv("CRM_KEY", value)
    with pytest.raises(
        ConfigError, match=rf"crm.write_key_env: the environment .* CRM_KEY {words}"
    ):
        segment()


def test_a_message_that_segment_would_not_take_is_told_without_the_message(
    segment: Callable[..., Sink], collector: Collector, rows: Callable[..., pl.DataFrame]
) -> None:
    long: dict[str, Any] = {"x" * 40_000: 0.5}
    with pytest.raises(DataError, match="x{40} is longer than 32 KiB, which Segment does not take"):
        segment().send(rows(long))
    assert collector.requests == []
