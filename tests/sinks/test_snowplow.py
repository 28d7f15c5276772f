"""What a Snowplow collector gets, and what becomes of its answers."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from datetime import UTC, datetime

import polars as pl
import pytest

from seqchurn.errors import ConfigError, EnvironmentFailure
from seqchurn.sinks import Sink
from tests.sinks.collector import Collector

pytest.importorskip("snowplow_tracker", reason="needs the extra sinks")

SCHEMA = "iglu:com.acme/churn_score/jsonschema/1-0-0"
DAY_MS = str(int(datetime(2024, 6, 15, tzinfo=UTC).timestamp() * 1000))


@pytest.fixture
def snowplow(sink: Callable[..., Sink], collector: Collector) -> Sink:
    return sink(kind="snowplow", collector=collector.url, event_schema=SCHEMA, app_id="nightly")


def test_a_row_is_a_self_describing_event_of_its_customer(
    snowplow: Sink, collector: Collector, rows: Callable[..., pl.DataFrame]
) -> None:
    batch = rows({"ann": 0.25, "bob": 0.75})
    snowplow.send(batch)
    [request] = collector.requests
    assert request.path == "/com.snowplowanalytics.snowplow/tp2"
    assert request.body["schema"].startswith("iglu:com.snowplowanalytics.snowplow/payload_data/")
    assert [event["eid"] for event in request.messages] == batch["message_id"].to_list()
    event = request.messages[1]
    assert {name: event[name] for name in ("e", "uid", "aid", "ttm", "dtm")} == {
        **{"e": "ue", "uid": "bob", "aid": "nightly"},
        **{"ttm": DAY_MS, "dtm": DAY_MS},
    }
    described = json.loads(event["ue_pr"])["data"]
    assert described["schema"] == SCHEMA
    assert set(described["data"]) == set(batch.columns) - {"message_id"}
    assert (described["data"]["band"], described["data"]["likely"]) == (3, True)
    assert described["data"]["as_of"] == "2024-06-15T00:00:00+00:00"
    assert described["data"]["next_order_p90"] is None


def test_an_event_that_is_sent_again_is_the_same_but_for_the_time_of_sending(
    snowplow: Sink, collector: Collector, rows: Callable[..., pl.DataFrame]
) -> None:
    for _ in range(2):
        snowplow.send(rows({"ann": 0.25}))
    first, second = collector.messages
    assert first.pop("stm")
    assert second.pop("stm")
    assert first == second
    assert str(uuid.UUID(first["eid"])) == first["eid"]


@pytest.mark.parametrize(
    ("status", "error", "words"),
    [
        (500, EnvironmentFailure, "answers 500. Check that it runs"),
        (404, ConfigError, "answers 404. It will not take these messages"),
        (302, EnvironmentFailure, "does not answer"),
    ],
)
def test_what_the_collector_does_not_take_is_an_error_and_is_not_kept_for_later(
    status: int,
    error: type[Exception],
    words: str,
    snowplow: Sink,
    collector: Collector,
    rows: Callable[..., pl.DataFrame],
) -> None:
    collector.answer = lambda _: (status, collector.url)
    with pytest.raises(error, match=rf"\[deliveries\] crm: http://127.*{words}"):
        snowplow.send(rows({"ann": 0.25}))
    collector.answer = lambda _: (200, "ok")
    snowplow.send(rows({"bob": 0.25}))
    assert [event["uid"] for event in collector.messages] == ["ann", "bob"]


def test_nobody_there_is_told(sink: Callable[..., Sink], rows: Callable[..., pl.DataFrame]) -> None:
    nowhere = sink(kind="snowplow", collector="http://127.0.0.1:9", event_schema=SCHEMA)
    with pytest.raises(EnvironmentFailure, match="127.0.0.1:9 does not answer. Check that it runs"):
        nowhere.send(rows({"ann": 0.25}))
