"""Secrets of the environment stand in nothing that the whole way leaves behind or prints."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.commands.stores import holders
from tests.shop import AS_OF, CONFIG, Shop
from tests.sinks.collector import Collector, collecting

HASH_KEY = "planted-hash-key-of-32-bytes-4711"
WRITE_KEY, PASSWORD = "planted-write-key-4712", "planted-p@ssword-4713"
BASE = "postgresql://clerk:${CRM_PASSWORD}@127.0.0.1:9/crm?connect_timeout=3"
HASHED = {**CONFIG["events"], "identity": {"hash_key": "SHOP_HASH_KEY"}}
LOST = {
    **{"name": "orders", "kind": "sql", "uri": BASE, "table": "orders"},
    **{"customer_id": "who", "timestamp": "at", "event_type": "order"},
}


@pytest.fixture
def collector() -> Iterator[Collector]:
    with collecting() as found:
        yield found


@pytest.mark.slow
def test_planted_secrets_are_in_no_file_and_in_nothing_that_is_printed(
    open_shop: Callable[..., Shop],
    tmp_path: Path,
    collector: Collector,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pytest.importorskip("segment.analytics", reason="needs the extra sinks")
    for name, value in (
        *(("SHOP_HASH_KEY", HASH_KEY), ("CRM_KEY", WRITE_KEY)),
        *(("CRM_PASSWORD", PASSWORD), ("MLFLOW_TRACKING_PASSWORD", PASSWORD)),
    ):
        monkeypatch.setenv(name, value)
    once = {"retries": 0, "backoff_seconds": 0}
    web = {"kind": "segment", "write_key_env": "CRM_KEY", "host": collector.url}
    base = {"kind": "database", "uri": BASE, "table": "scores"}
    deliveries = {"web": {**web, **once}, "base": {**base, **once}}
    shop = open_shop(tmp_path / "shop", events=HASHED, deliveries=deliveries)

    printed = []

    def runs(shop: Shop, status: int, verb: str, *flags: str) -> None:
        done = shop.run(verb, "--verbose", *flags)
        assert done.status == status, (verb, done.err)
        printed.append(done.out + done.err + shop.run(verb, "--print_config").out)

    for verb in ("prepare", "inspect", "train", "evaluate", "promote"):
        runs(shop, 0, verb)
    runs(shop, 0, "train", "--force", "--training.max_epochs", "1")
    runs(shop, 0, "score", "--as_of", AS_OF, "--scoring.shadow", "challenger")
    runs(shop, 6, "monitor", "--monitoring.least_expected", "1")  # a model of two epochs
    runs(shop, 7, "deliver", "--as_of", AS_OF)
    runs(shop, 4, "rollback")
    runs(shop, 0, "forget", "--customer_id", "c01")
    runs(shop.again("lost", events={"sources": [LOST]}), 7, "prepare")

    assert collector.requests[0].body["writeKey"] == WRITE_KEY  # it was used
    basic = base64.b64encode(f"{WRITE_KEY}:".encode()).decode()
    for secret in (HASH_KEY, WRITE_KEY, basic, PASSWORD, quote(PASSWORD)):
        assert secret not in "".join(printed)
        assert holders(shop.folder, secret) == []
