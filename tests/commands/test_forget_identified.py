"""`forget` where several identifiers are of one customer, hashed or not."""

from __future__ import annotations

import pytest

from seqchurn.commands import forget as verb
from tests.commands.stores import customers, holders
from tests.shop import AS_OF, Shop

LOG = """\
{"user": "plain-user-1", "mail": "one@example.org", "at": "2024-01-01T00:00:00Z"}
{"user": null, "mail": "one@example.org", "at": "2024-01-02T00:00:00Z"}
{"user": "plain-user-2", "mail": "two@example.org", "at": "2024-01-03T00:00:00Z"}
"""


@pytest.fixture(params=[None, "SHOP_KEY"], ids=["plain", "hashed"])
def known_by_mail(
    request: pytest.FixtureRequest, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> Shop:
    """Two customers with a user id and an address, their ids hashed or not, and their scores."""
    monkeypatch.setenv("SHOP_KEY", "0123456789abcdef")
    (shop.folder / "raw" / "log.ndjson").write_text(LOG, encoding="utf-8")
    source = {
        "name": "orders",
        "kind": "ndjson",
        "path": "raw/log.ndjson",
        "identifiers": {"user": "user", "mail": "mail"},
        "timestamp": "at",
        "event_type": "order",
    }
    identity = {"order": ["user", "mail"], "hash_key": request.param}
    two = shop.again("shop", events={"identity": identity, "sources": [source], "buckets": 2})
    two.must("prepare")
    names = two.table("sequences").scan().select("customer_id").collect()
    assert names.height == 2
    with two.table("scores", as_of=AS_OF).publish() as writer:
        writer.write(0, names)
    return two


@pytest.mark.parametrize("given", ["mail:one@example.org", "plain-user-1"])
def test_any_identifier_will_do_and_a_hashed_one_is_never_shown(
    given: str, known_by_mail: Shop
) -> None:
    events = known_by_mail.table("events").scan().collect().sort("timestamp")
    gone, _, stays = events["customer_id"]
    done = known_by_mail.run("forget", "--customer_id", given, "--verbose")
    assert done.out.startswith(f"forgotten   {gone}\nrecords     2 removed")
    hashed = gone != "plain-user-1"
    assert hashed == ("plain-user-1" not in done.out)
    assert not hashed or given not in done.out + done.err
    assert customers(known_by_mail, "events") == customers(known_by_mail, "sequences") == {stays}
    assert customers(known_by_mail, "scores", as_of=AS_OF) == {stays}
    for text in (gone, "plain-user-1", "one@example.org"):
        assert holders(known_by_mail.store, text) == []


def test_the_next_run_finds_who_was_meant_though_the_links_are_gone(
    known_by_mail: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = known_by_mail.table("events").scan().collect().sort("timestamp")["customer_id"][0]

    def killed(*_: object) -> None:
        raise OSError("killed")

    with monkeypatch.context() as patched:
        patched.setattr(verb, "_theirs", killed)
        assert known_by_mail.run("forget", "--customer_id", "mail:one@example.org").status == 7
    assert gone in customers(known_by_mail, "sequences")
    said = known_by_mail.must("forget", "--customer_id", "mail:one@example.org")
    assert "sequences   1 removed" in said
    assert "scores      1 removed" in said
    assert holders(known_by_mail.store, gone) == []
