"""Rows -> self-describing events of Snowplow, by its Python tracker.

Its emitters keep what a collector did not take for another thread to try again, and lose it when
the process ends; so the tracker only makes the events here, and the emitter's `http_post` sends a
batch and tells the status. A repeated event has the same id and the same times: its fingerprint
is the same, so that Snowplow can tell it is one.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import polars as pl

from seqchurn.config.deliveries import SnowplowDelivery
from seqchurn.schema import CUSTOMER_ID
from seqchurn.sinks.http import TIMEOUT_SECONDS, check, tracker
from seqchurn.sinks.sink import Sink

__all__ = ["SnowplowSink"]


class SnowplowSink(Sink):
    """A collector of Snowplow."""

    def __init__(self, name: str, delivery: SnowplowDelivery) -> None:
        place = f"[deliveries] {name}"
        self._place, self._schema = f"{place}: {delivery.collector}", delivery.event_schema
        self._library = tracker("snowplow_tracker", place=place)
        self._emitters = tracker("snowplow_tracker.emitters", place=place)
        session = tracker("requests", place=place).Session()
        session.max_redirects = 0  # such a request would lose its events on the way
        self._emitter = self._library.Emitter(
            delivery.collector, request_timeout=TIMEOUT_SECONDS, session=session
        )
        self._tracker = self._library.Tracker(
            "seqchurn",
            self._emitter,
            app_id=delivery.app_id,
            encode_base64=False,
            json_encoder=datetime.isoformat,
        )

    def send(self, rows: pl.DataFrame) -> None:
        """Send an event per row, all in one request."""
        events = [self._event(row) for row in rows.iter_rows(named=True)]
        self._emitters.Emitter.attach_sent_timestamp(events)
        payload = self._library.SelfDescribingJson(self._emitters.PAYLOAD_DATA_SCHEMA, events)
        check(self._emitter.http_post(payload.to_string()), "", place=self._place)

    def _event(self, row: dict[str, Any]) -> dict[str, str]:
        message_id, milliseconds = row.pop("message_id"), int(row["as_of"].timestamp() * 1000)
        event = self._library.SelfDescribing(
            self._library.SelfDescribingJson(self._schema, row),
            event_subject=self._library.Subject().set_user_id(row[CUSTOMER_ID]),
            true_timestamp=milliseconds,
        )
        fields = self._tracker.complete_payload(event).get()
        own = {"eid": message_id, "dtm": milliseconds}
        return {name: str(value) for name, value in {**fields, **own}.items()}
