"""seqchurn deliver: what other systems are told, what is printed, and what stays where it fails."""

from __future__ import annotations

import base64
import json
import shutil
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from seqchurn.files import locked
from seqchurn.sinks import Delivered
from tests.commands.stores import holders
from tests.shop import AS_OF, Shop
from tests.sinks.collector import Collector, collecting
from tests.sinks.tables import DAY, publish_scores, scores

KEY, PASSWORD = "planted-write-key-4711", "planted-password-4712"
AUDIENCES = {"likely": {"enter": "p_churn > 0.7", "exit": "p_churn < 0.6"}}
THIRDS = {"of": "p_churn", "cuts": [0.3, 0.6]}
FIRST = {"ann": 0.1, "bob": 0.65, "cid": 0.8, "dan": 0.8}
SECOND = {"ann": 0.2, "bob": 0.68, "cid": 0.62, "dan": 0.5}


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """A shop with a score table and a delivery to a Parquet file outside of the store."""
    crm = {"kind": "parquet", "path": "out", "bands": THIRDS}
    made = Shop(tmp_path).again("shop", audiences=AUDIENCES, deliveries={"crm": crm})
    publish(made, FIRST)
    return made


def publish(shop: Shop, p_churn: dict[str, float], *, days: int = 0) -> None:
    table = scores(p_churn, as_of=DAY + timedelta(days=days))
    publish_scores(shop.store / "scores" / shop.name, table)


def told(shop: Shop, name: str = "crm") -> dict[str, tuple[float | None, bool]]:
    """What the file of a delivery says of each customer: p_churn and the audience."""
    rows = pl.read_parquet(shop.folder / "out" / f"{name}.parquet")
    return {row["customer_id"]: (row["p_churn"], row["likely"]) for row in rows.to_dicts()}


def test_at_first_everybody_is_told_then_who_changed_then_nobody(shop: Shop) -> None:
    assert shop.must("deliver") == "crm  4 rows, 4 changed, 0 gone, 4 sent; members: likely 2\n"
    before = told(shop)
    assert before == {
        **{"ann": (0.1, False), "bob": (0.65, False)},
        "cid": (0.8, True),
        **{"dan": (0.8, True)},
    }
    assert shop.must("deliver") == "crm  4 rows, 0 changed, 0 gone, 0 sent; members: likely 2\n"
    publish(shop, SECOND, days=1)
    assert shop.must("deliver") == "crm  4 rows, 1 changed, 0 gone, 1 sent; members: likely 1\n"
    assert told(shop) == {**before, "dan": (0.5, False)}
    assert shop.must("deliver") == "crm  4 rows, 0 changed, 0 gone, 0 sent; members: likely 1\n"


def test_who_leaves_the_table_leaves_the_audiences(shop: Shop) -> None:
    shop.must("deliver")
    publish(shop, {"ann": 0.1, "dan": 0.8}, days=1)  # bob was in no audience
    assert shop.must("deliver") == "crm  2 rows, 0 changed, 1 gone, 1 sent; members: likely 1\n"
    assert told(shop) == {"ann": (0.1, False), "bob": (0.65, False)} | {
        **{"cid": (None, False), "dan": (0.8, True)}
    }
    assert "0 changed, 0 gone, 0 sent" in shop.must("deliver")
    done = shop.run("deliver", "--as_of", "2024-06-15")
    assert (done.status, "those of 2024-06-15 are older" in done.err) == (2, True)
    publish(shop, {"ann": 0.9, "cid": 0.8}, days=2)
    assert shop.must("deliver") == "crm  2 rows, 2 changed, 1 gone, 3 sent; members: likely 2\n"
    assert told(shop)["cid"] == (0.8, True)


def test_a_copy_of_a_table_under_another_name_is_left_out(shop: Shop) -> None:
    folder = shop.store / "scores" / shop.name
    shutil.copytree(folder / f"as_of={AS_OF}", folder / f"as_of={AS_OF}.bak")
    shutil.copytree(folder / f"as_of={AS_OF}", folder / "as_of=2024-06-30")
    done = shop.run("deliver")
    assert (done.status, done.out[:8]) == (0, "crm  4 r"), done.err
    assert done.err.count("whose name does not agree with its manifest") == 2
    missing = shop.run("deliver", "--as_of", "2024-06-30")
    assert missing.status == 3
    assert f"the latest are {AS_OF}. Run seqchurn score first." in missing.err


def test_a_dry_run_prints_the_rows_and_does_nothing(shop: Shop) -> None:
    before = shop.tree()
    done = shop.run("deliver", "--dry_run")
    assert "crm  4 rows, 4 changed, 0 gone, 0 sent; members: likely 2\n" in done.err
    printed = {row["customer_id"]: row for row in map(json.loads, done.out.splitlines())}
    assert {name: row["p_churn"] for name, row in printed.items()} == FIRST
    assert shop.tree() == before
    assert not (shop.folder / "out").exists()
    shop.must("deliver")
    ids = pl.read_parquet(shop.folder / "out" / "crm.parquet").select("customer_id", "message_id")
    assert dict(ids.iter_rows()) == {name: row["message_id"] for name, row in printed.items()}


def test_each_line_of_a_dry_run_is_json_and_names_its_delivery(shop: Shop) -> None:
    both = {name: {"kind": "parquet", "path": "out"} for name in ("crm", "mail")}
    made = shop.again("shop", deliveries=both)
    rows = list(map(json.loads, made.must("deliver", "--dry_run").splitlines()))
    pairs = sorted((row["delivery"], row["customer_id"]) for row in rows)
    assert pairs == [(name, customer) for name in both for customer in FIRST]


def test_a_dry_run_needs_no_secret(shop: Shop) -> None:
    crm = {"kind": "segment", "write_key_env": "NOT_SET_AT_ALL"}
    made = shop.again("shop", deliveries={"crm": crm})
    assert "4 changed, 0 gone, 0 sent" in made.run("deliver", "--dry_run").err


def test_the_latest_table_is_delivered_unless_another_is_asked_for(shop: Shop) -> None:
    publish(shop, SECOND, days=1)
    shop.must("deliver", "--as_of", "2024-06-15")
    assert told(shop)["dan"] == (0.8, True)
    shop.must("deliver")
    assert told(shop)["dan"] == (0.5, False)


def test_an_older_table_than_was_told_is_refused(shop: Shop) -> None:
    publish(shop, SECOND, days=1)
    shop.must("deliver")
    done = shop.run("deliver", "--as_of", "2024-06-15")
    said = (
        "crm was, or may have been, told scores as of 2024-06-16, and those of 2024-06-15 are old"
    )
    assert (done.status, done.out) == (2, "")
    assert said in done.err


def test_an_older_table_than_may_have_been_told_is_refused(shop: Shop) -> None:
    shop.must("deliver", "--as_of", "2024-06-15")
    publish(shop, SECOND, days=1)
    folder = shop.store / "deliveries" / "shop" / "crm"
    on_its_way = scores({"dan": 0.5}, as_of=DAY + timedelta(days=1)).with_columns(
        band=pl.lit(2, pl.Int32), audiences=pl.lit([], pl.List(pl.String)), form=pl.lit("f")
    )
    with suppress(KeyboardInterrupt), Delivered(folder).recording(on_its_way):
        raise KeyboardInterrupt
    done = shop.run("deliver", "--as_of", "2024-06-15")
    assert (done.status, done.out) == (2, "")
    assert "told scores as of 2024-06-16, and those of 2024-06-15 are older" in done.err
    assert shop.must("deliver") == "crm  4 rows, 1 changed, 0 gone, 1 sent; members: likely 1\n"


def test_a_table_that_there_is_not_is_told(shop: Shop) -> None:
    done = shop.run("deliver", "--as_of", "2024-06-20")
    assert done.status == 3
    assert (
        f"there is no score table of 2024-06-20 in {shop.store}/scores/shop; the latest" in done.err
    )
    assert "are 2024-06-15. Run seqchurn score first." in done.err
    other = shop.again("other", deliveries={"crm": {"kind": "csv", "path": "out"}})
    done = other.run("deliver")
    assert done.status == 3
    assert done.err.endswith(
        f"no score table in {shop.store}/scores/other. Run seqchurn score first.\n"
    )


def test_a_table_that_is_damaged_is_told_with_what_makes_it_anew(shop: Shop) -> None:
    (part,) = (shop.store / "scores" / "shop").glob("as_of=*/parts-*/00000.parquet")
    part.write_bytes(part.read_bytes()[:-1])
    done = shop.run("deliver")
    assert done.status == 3
    assert done.err.endswith("or seqchurn score --force if it is of scores.\n")


@pytest.mark.parametrize(
    ("deliveries", "flags", "said"),
    [
        ({}, [], "[deliveries] is empty; expected a system that scores go to. Add one, as"),
        (
            {"crm": {}},
            ["--delivery", "crn"],
            "--delivery crn is none of [deliveries]. Did you mean crm",
        ),
        ({"a": {}, "b": {}}, ["--delivery", "crm"], "Did you mean one of a, b?"),
    ],
)
def test_a_delivery_that_there_is_not_is_told(
    deliveries: dict[str, Any], flags: list[str], said: str, shop: Shop
) -> None:
    files = {name: {"kind": "csv", "path": "out"} for name in deliveries}
    done = shop.again("shop", deliveries=files).run("deliver", *flags)
    assert (done.status, said in done.err) == (2, True)


def test_one_of_several_deliveries_can_be_made_alone(shop: Shop) -> None:
    both = {name: {"kind": "parquet", "path": "out"} for name in ("crm", "mail")}
    made = shop.again("shop", deliveries=both, audiences=AUDIENCES)
    assert made.must("deliver", "--delivery", "mail").startswith(
        "mail  4 rows, 4 changed, 0 gone, 4 sent"
    )
    assert [line.split(";")[0] for line in made.must("deliver").splitlines()] == [
        "crm  4 rows, 4 changed, 0 gone, 4 sent",
        "mail  4 rows, 0 changed, 0 gone, 0 sent",
    ]


def test_a_system_that_fails_ends_with_7_and_the_others_are_told(shop: Shop) -> None:
    (shop.folder / "full").write_text("no folder")
    files = {"bad": "full", "good": "out", "worse": "full"}
    sections = {
        name: {"kind": "parquet", "path": path, "retries": 1, "backoff_seconds": 0}
        for name, path in files.items()
    }
    made = shop.again("shop", deliveries=sections, audiences=AUDIENCES)
    done = made.run("deliver")
    assert (done.status, done.out) == (
        7,
        "good  4 rows, 4 changed, 0 gone, 4 sent; members: likely 2\n",
    )
    assert done.err.count("Trying again in 0 s.") == 2
    assert "seqchurn deliver:\ncould not write" in done.err
    assert done.err.count("0 of 4 rows were delivered and are recorded.") == 2
    (shop.folder / "full").unlink()
    assert [line.split(", ")[1] for line in made.must("deliver").splitlines()] == [
        *("4 changed", "0 changed", "4 changed")
    ]


def test_a_mistake_in_an_audience_is_told_once_and_nobody_is_told_anything(shop: Shop) -> None:
    both = {name: {"kind": "parquet", "path": "out"} for name in ("crm", "mail")}
    made = shop.again("shop", deliveries=both, audiences={"likely": "p_chrun > 0.7"})
    done = made.run("deliver")
    said = "[audiences] likely.enter: there is no column p_chrun. Did you mean p_churn? It stands "
    assert (done.status, done.out) == (2, "")
    assert done.err == f"seqchurn deliver: {said}at character 1 in 'p_chrun > 0.7'.\n"
    assert not (shop.folder / "out").exists()


def test_another_run_that_delivers_keeps_this_one_out(shop: Shop) -> None:
    shop.must("deliver")
    with locked(shop.store / "deliveries" / "shop" / "crm" / ".lock", ""):
        done = shop.run("deliver")
    assert done.status == 5
    assert "another run is delivering by" in done.err


@pytest.fixture
def collector() -> Iterator[Collector]:
    with collecting() as running:
        yield running


def test_secrets_are_in_no_output_and_no_file(
    shop: Shop, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("segment.analytics", reason="needs the extra sinks")
    monkeypatch.setenv("CRM_KEY", KEY)
    monkeypatch.setenv("CRM_PASSWORD", PASSWORD)
    basic = base64.b64encode(f"{KEY}:".encode()).decode()
    collector.answer = lambda number: (200, "{}") if number == 0 else (500, f"{KEY} {basic}")
    again = {"retries": 1, "backoff_seconds": 0}
    uri = "postgresql://clerk:${CRM_PASSWORD}@127.0.0.1:9/crm?connect_timeout=3"
    web = {"kind": "segment", "write_key_env": "CRM_KEY", "host": collector.url, "batch_rows": 3}
    sections = {
        "web": {**web, **again},
        "base": {"kind": "database", "uri": uri, "table": "scores", **again},
    }
    made = shop.again("shop", deliveries=sections)
    done = made.run("deliver", "--verbose")
    assert done.status == 7
    assert "*** ***" in done.err
    assert "3 of 4 rows were delivered and are recorded" in done.err
    assert KEY in collector.requests[0].body["writeKey"]
    printed = made.run("deliver", "--print_config").out
    for secret in (KEY, basic, PASSWORD):
        assert secret not in done.out + done.err + printed
        assert holders(shop.folder, secret) == []


def test_a_run_that_was_cut_off_goes_on_where_it_was(
    shop: Shop, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("segment.analytics", reason="needs the extra sinks")
    monkeypatch.setenv("CRM_KEY", KEY)
    web = {"kind": "segment", "write_key_env": "CRM_KEY", "host": collector.url, "batch_rows": 1}
    made = shop.again("shop", deliveries={"web": {**web, "retries": 0}}, audiences=AUDIENCES)
    collector.answer = lambda number: (503, "down") if number == 2 else (200, "{}")
    assert made.run("deliver").status == 7
    assert made.must("deliver") == "web  4 rows, 2 changed, 0 gone, 2 sent; members: likely 2\n"
    ids = [message["messageId"] for message in collector.messages]
    users = [message["userId"] for message in collector.messages]
    assert len(ids) == 5  # the third of them twice
    assert ids[2] == ids[3]
    assert len(set(ids)) == len(set(users)) == 4


def test_what_score_publishes_can_be_delivered(trained: Shop) -> None:
    crm = {"kind": "parquet", "path": "out", "bands": THIRDS}
    audiences = {"likely": "p_churn > 0.5 and expected_orders_28d > 1"}
    shop = trained.again("shop", deliveries={"crm": crm}, audiences=audiences)
    shop.must("deliver", "--as_of", AS_OF)
    table = shop.scores()
    rows = pl.read_parquet(shop.folder / "out" / "crm.parquet").sort("customer_id")
    assert rows.select(table.columns).equals(table)
    likely = (table["p_churn"] > 0.5) & (table["expected_orders_28d"] > 1)
    assert rows["likely"].to_list() == likely.to_list()
