"""Sections `audiences` and `deliveries`: what is taken, and what is said of the rest."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from seqchurn.config import load_config
from seqchurn.config.deliveries import SegmentDelivery
from seqchurn.errors import ConfigError

Write = Callable[..., Path]

CRM = "kind: parquet, path: out"
TABLE = "kind: database, uri: 'sqlite:////crm.db'"
EVENTS = "kind: snowplow, collector: 'https://c.example.com'"


def test_a_rule_alone_is_who_becomes_a_member(write: Write) -> None:
    config = load_config(write("audiences: {likely: p_churn > 0.7}\n"))
    assert config.audiences["likely"].enter == "p_churn > 0.7"
    assert config.audiences["likely"].exit is None


def test_a_rule_alone_stays_a_rule_whatever_the_audience_is_called(write: Write) -> None:
    rules = {"store": "p_churn > 0.7", "path": "p_churn < 0.1"}
    in_file = load_config(write("audiences: {store: p_churn > 0.7, path: p_churn < 0.1}\n"))
    for config in (in_file, load_config(write(), {"audiences": rules})):
        assert {name: audience.enter for name, audience in config.audiences.items()} == rules


def test_the_folder_of_a_file_is_relative_to_the_config(write: Write, tmp_path: Path) -> None:
    config = load_config(write(f"deliveries: {{crm: {{{CRM}}}}}\n"))
    assert config.deliveries["crm"].model_dump()["path"] == str(tmp_path / "out")


def test_a_delivery_may_be_called_audiences(write: Write, tmp_path: Path) -> None:
    config = load_config(write(f"deliveries: {{audiences: {{{CRM}}}}}\n"))
    assert config.deliveries["audiences"].model_dump()["path"] == str(tmp_path / "out")


def test_a_delivery_without_a_kind_is_a_parquet_file(write: Write) -> None:
    config = load_config(write("deliveries: {crm: {path: out}}\n"))
    assert config.deliveries["crm"].kind == "parquet"


def test_messages_go_in_batches_and_files_as_a_whole(write: Write) -> None:
    web = "kind: segment, write_key_env: KEY"
    more = f"deliveries: {{crm: {{{CRM}}}, web: {{{web}}}, fast: {{{web}, batch_rows: 7}}}}\n"
    deliveries = load_config(write(more)).deliveries
    assert [section.rows_at_once() for section in deliveries.values()] == [None, 100, 7]
    assert isinstance(deliveries["web"], SegmentDelivery)
    assert deliveries["web"].host == "https://api.segment.io"


MISTAKES = {
    "a rule that cannot be read": (
        "audiences: {likely: {enter: p_churn >}}",
        "[audiences] likely.enter: at character 10 of 'p_churn >' stands the end; expected: a "
        "number or a date such as 2017-10-01. Write it as p_churn > 0.7 and (quiet_days < 30",
    ),
    "a rule that is too long": (
        f"audiences: {{likely: {'p_churn > 0 and ' * 70}p_churn > 0}}",
        "[audiences] likely.enter: it has 1,131 characters; expected at most 1,000. Make two",
    ),
    "an audience without a rule": (
        "audiences: {likely: {exit: p_churn < 0.6}}",
        "[audiences] likely.enter is missing; expected: rule such as p_churn > 0.7",
    ),
    "an audience with a dash": (
        "audiences: {likely-to-churn: p_churn > 0.7}",
        "audiences: an audience has the name 'likely-to-churn'; expected up to 63 letters (A to Z)",
    ),
    "an audience named as a column": (
        "audiences: {p_churn: p_churn > 0.7}",
        "audiences: an audience has the name p_churn, which a column of the score table or of",
    ),
    "an audience named as a column of a horizon": (
        "audiences: {p_order_9d: p_churn > 0.7}",
        "audiences: an audience has the name p_order_9d, which a column of the score table or of",
    ),
    "an audience named as a column in capitals": (
        "audiences: {Band: p_churn > 0.7}",
        "audiences: an audience has the name Band, which a column of the score table or of a "
        "message has or may have, upper and lower case being the same. Rename it, as likely",
    ),
    "an audience named as a key of messages that are printed": (
        "audiences: {delivery: p_churn > 0.7}",
        "audiences: an audience has the name delivery, which a column of the score table or of a",
    ),
    "two audiences that differ only in case": (
        "audiences: {likely: p_churn > 0.7, Likely: p_churn > 0.8}",
        "audiences: two audiences have the names likely and Likely, which differ only in upper",
    ),
    "a delivery that is no folder": (
        f"deliveries: {{../crm: {{{CRM}}}}}",
        "deliveries: a delivery has the name '../crm'; expected up to 100 letters (A to Z), digits",
    ),
    "a delivery of no kind": (
        "deliveries: {crm: {kind: parket, path: out}}",
        "[deliveries] crm has kind parket; expected: mapping with kind csv, database, parquet, "
        "segment or snowplow. Did you mean parquet?",
    ),
    "a word for a delivery": (
        "deliveries: {crm: parquet}",
        "[deliveries] crm is 'parquet'; expected: mapping with kind csv, database, parquet",
    ),
    "a word for all": ("deliveries: parquet", "deliveries is 'parquet'; expected: mapping, each"),
    "a key of another kind": (
        f"deliveries: {{crm: {{{CRM}, table: x}}}}",
        "[deliveries] crm.table belongs to kind database; expected: keys of kind parquet.",
    ),
    "a mistyped key": (
        f"deliveries: {{crm: {{{CRM}, batch_row: 3}}}}",
        "[deliveries] crm.batch_row is not a key here. Did you mean batch_rows?",
    ),
    "cuts that fall": (
        f"deliveries: {{crm: {{{CRM}, bands: {{cuts: [80, 50]}}}}}}",
        "[deliveries] crm.bands.cuts: 80, 50 do not ascend; write each cut once, the lowest first",
    ),
    "no cuts": (
        f"deliveries: {{crm: {{{CRM}, bands: {{cuts: []}}}}}}",
        "[deliveries] crm.bands.cuts is []; expected: at least one; list, each number.",
    ),
    "a table that is SQL": (
        f"deliveries: {{crm: {{{TABLE}, table: 'a; DROP TABLE b'}}}}",
        "[deliveries] crm.table is 'a; DROP TABLE b'; expected: name of letters, digits and _",
    ),
    "a password": (
        "deliveries: {crm: {kind: database, uri: 'postgresql://me:pw@db/x', table: x}}",
        "[deliveries] crm.uri: a password stands in it; put the password into an environment",
    ),
    "a key in place of the name of its variable": (
        "deliveries: {crm: {kind: segment, write_key_env: ab-12}}",
        "[deliveries] crm.write_key_env is 'ab-12'; expected: name of an environment variable.",
    ),
    "a login in an address": (
        "deliveries: {crm: {kind: segment, write_key_env: K, host: 'https://me:pw@example.com'}}",
        "[deliveries] crm.host is 'https://me:pw@example.com'; expected: address without login",
    ),
    "a schema that is none": (
        f"deliveries: {{crm: {{{EVENTS}, event_schema: score}}}}",
        "[deliveries] crm.event_schema is 'score'; expected: schema such as iglu:com.acme/score",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_answered_with_its_place(mistake: str, write: Write) -> None:
    text, complaint = MISTAKES[mistake]
    path = write(text)
    with pytest.raises(ConfigError, match=re.escape(f"{path}: {complaint}")) as caught:
        load_config(path)
    assert "\n" not in str(caught.value)
