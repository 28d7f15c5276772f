from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from seqchurn.config import load_config
from seqchurn.config.events import EventsConfig
from seqchurn.errors import ConfigError

ORDERS = "{kind: csv, name: orders, path: o.csv, timestamp: at, event_type: order, MORE}"
WEB = "{kind: segment, name: web, path: web}"
SNOW = "{kind: snowplow, name: snow, path: snow}"
CRM = "{kind: links, name: crm, path: crm.csv, identifiers: IDS}"
AGES = "{kind: customers, name: ages, path: a.csv, attributes: {age: {column: age}}, MORE}"


@pytest.fixture
def events(tmp_path: Path) -> Callable[..., EventsConfig]:
    """The section with an identity and some sources."""

    def load(identity: str, *sources: str) -> EventsConfig:
        file = tmp_path / "shop.yaml"
        lines = [f"  identity: {identity}"] if identity else []
        lines += ["  sources:", *(f"    - {source}" for source in sources)]
        file.write_text("\n".join(["name: shop", "events:", *lines]), encoding="utf-8")
        return load_config(file).events

    return load


def orders(more: str) -> str:
    return ORDERS.replace("MORE", more)


def crm(identifiers: str) -> str:
    return CRM.replace("IDS", identifiers)


def test_one_column_and_several_are_both_lists(events: Callable[..., EventsConfig]) -> None:
    section = events(
        "{order: [user, email]}",
        orders("identifiers: {user: id, email: [mail, old_mail]}"),
        crm("{user: [old, new]}"),
        AGES.replace("MORE", "identifiers: {email: mail}"),
    )
    assert [source.identifiers for source in section.sources] == [
        {"user": ["id"], "email": ["mail", "old_mail"]},
        {"user": ["old", "new"]},
        {"email": ["mail"]},
    ]
    assert section.identity is not None
    assert section.identity.max_ids_per_customer == 20


def test_segment_and_snowplow_know_their_identifiers(events: Callable[..., EventsConfig]) -> None:
    section = events("{order: [user, email, anonymous]}", WEB, SNOW)
    assert [source.identifiers for source in section.sources] == [
        {"user": ["userId", "previousId"], "anonymous": ["anonymousId", "previousId"]},
        {"user": ["user_id"], "anonymous": ["domain_userid"]},
    ]
    assert EventsConfig.model_validate(section.model_dump()) == section
    only = events("{order: [anonymous]}", SNOW)
    assert only.sources[0].identifiers == {"anonymous": ["domain_userid"]}
    own = events("{order: [user, email]}", WEB[:-1] + ", identifiers: {email: traits.email}}")
    assert own.sources[0].identifiers == {"email": ["traits.email"]}


@pytest.mark.parametrize("identity", ["", "{hash_key: SHOP_KEY}"])
def test_without_an_order_of_kinds_there_is_customer_id(
    identity: str, events: Callable[..., EventsConfig]
) -> None:
    section = events(identity, orders("customer_id: id"), WEB)
    assert [s.customer_id for s in section.sources if s.kind != "links"] == ["id", "customer_id"]
    assert not any(source.identifiers for source in section.sources)


MISTAKES = {
    ("", orders("customer_id: null")): "source orders has no customer_id. Name its column",
    ("", orders("identifiers: {user: id}")): "Add identity: {order: [user]} to events",
    ("", crm("{user: id, email: mail}")): "Add identity: {order: [user, email]} to events",
    ("{hash_key: K}", orders("identifiers: {user: id}")): "nothing says which kind names a cust",
    ("{order: [user]}", orders("")): "source orders has no identifiers, and identity.order is user",
    ("{order: [user]}", orders("customer_id: id")): (
        "source orders: customer_id is id, and with identity.order identifiers say who a customer "
        "is. Write identifiers: {user: id} instead"
    ),
    ("{order: [mail]}", SNOW): "source snow has no identifiers",
    ("{order: [user]}", orders("identifiers: {usr: id}")): (
        "identifiers of kind usr, and identity.order is user. Did you mean user? If not, add it"
    ),
    ("{order: [user]}", orders("identifiers: {cookie: id}")): "Add it to the order or remove it",
    ("{order: [user]}", orders("identifiers: {user: []}")): (
        "[events] sources[0].identifiers.user is []; expected: at least one; column or list of"
    ),
    ("{order: [user]}", orders("identifiers: {user: 3}")): (
        "sources[0].identifiers.user is 3; expected: column or list of columns"
    ),
    ("{order: [user]}", crm("{user: id}")): (
        "[events] sources[0]: identifiers names id; a link needs two columns or more"
    ),
    ("{order: [user]}", crm("{user: [a, b]}")): "needs a source of events beside crm",
    ("{order: [user, user]}", WEB): "[events] identity: order names a kind twice: user, user",
    ("{order: ['user:x']}", WEB): (
        "[events] identity.order[0] is 'user:x'; expected: text of letters, digits and _"
    ),
    ("{}", WEB): "[events] identity: needs order (kinds of identifiers, as [user, anonymous])",
    ("{hash_key: a-b}", WEB): (
        "[events] identity.hash_key is 'a-b'; expected: name of an environment variable"
    ),
    ("{order: [user], max_ids_per_customer: 0}", WEB): "max_ids_per_customer is 0; expected: whole",
}


@pytest.mark.parametrize(("identity", "source"), MISTAKES)
def test_a_mistake_is_named_with_what_to_do(
    identity: str, source: str, events: Callable[..., EventsConfig]
) -> None:
    with pytest.raises(ConfigError, match=re.escape(MISTAKES[identity, source])) as caught:
        events(identity, source.replace(", }", "}"))
    assert ".." not in str(caught.value)
