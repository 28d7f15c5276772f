"""Rows -> identify calls of Segment, by its Python library.

Its client queues messages for a thread that gives up in silence; so it only makes them here, and
its `post` sends a batch and fails aloud. What its logger would say, the write key included, our
errors say without.
"""

from __future__ import annotations

import base64
import logging
from typing import Any

import polars as pl

from seqchurn.config.deliveries import SegmentDelivery
from seqchurn.errors import DataError
from seqchurn.schema import CUSTOMER_ID
from seqchurn.sinks.http import TIMEOUT_SECONDS, check, tracker
from seqchurn.sinks.secrets import secret, without
from seqchurn.sinks.sink import Sink

__all__ = ["SegmentSink"]


class SegmentSink(Sink):
    """A source of Segment, known by its write key."""

    def __init__(self, name: str, delivery: SegmentDelivery) -> None:
        place = f"[deliveries] {name}"
        self._place, self._host = f"{place}: {delivery.host}", delivery.host
        self._request = tracker("segment.analytics.request", place=place)
        self._key = secret(delivery.write_key_env, place=f"{place}.write_key_env")
        self._secrets = (self._key, base64.b64encode(f"{self._key}:".encode()).decode())
        logging.getLogger("segment").setLevel(logging.CRITICAL)
        client = tracker("segment.analytics.client", place=place).Client
        self._client = client(self._key, sync_mode=True, send=False)

    def send(self, rows: pl.DataFrame) -> None:
        """Send a message per row, all in one request."""
        from requests import RequestException

        messages = [self._message(row) for row in rows.iter_rows(named=True)]
        try:
            response = self._request.post(
                self._key, self._host, timeout=TIMEOUT_SECONDS, batch=messages
            )
        except self._request.APIError as error:
            check(error.status, without(str(error.message), self._secrets), place=self._place)
        except RequestException as error:
            check(0, without(str(error), self._secrets), place=self._place)
        else:
            moved = response.history  # such a request lost its messages on the way
            check(moved[0].status_code if moved else response.status_code, "", place=self._place)

    def _message(self, row: dict[str, Any]) -> dict[str, Any]:
        customer, message_id = row.pop(CUSTOMER_ID), row.pop("message_id")
        moment = row.pop("as_of")
        try:
            _, message = self._client.identify(
                customer, {"as_of": moment, **row}, timestamp=moment, message_id=message_id
            )
        except RuntimeError:  # it says the whole message
            raise DataError(
                f"{self._place}: the message of customer {customer[:40]} is longer than 32 KiB, "
                "which Segment does not take. Deliver fewer columns."
            ) from None
        return dict(message)
