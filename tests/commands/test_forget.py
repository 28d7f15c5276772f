"""A customer is forgotten: found in no file of the store, and kept out of it ever after."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest

from seqchurn.commands import forget as verb
from seqchurn.events import ForgottenCustomers
from seqchurn.events.identity.forgotten import Forgotten
from seqchurn.files import locked
from seqchurn.storage import BucketStore
from tests.commands.stores import customers, holders
from tests.shop import AS_OF, Done, Shop, draw_logs

WHO, PLANTED = "c02", "grep-me-4711"


@dataclass(frozen=True)
class Forgetting:
    """A shop in which a customer was forgotten, what was said, and what there was before."""

    shop: Shop
    done: Done
    events: pl.DataFrame
    scores: pl.DataFrame
    reports: dict[str, bytes]
    holders: list[str]


@pytest.fixture(scope="module")
def planted(open_shop: Callable[..., Shop], tmp_path_factory: pytest.TempPathFactory) -> Forgetting:
    """A shop that went the whole way and forgot a customer, also one of refused records."""
    renamed = pl.col("who").replace(WHO, PLANTED)
    shop = open_shop(
        tmp_path_factory.mktemp("planted"), *(log.with_columns(renamed) for log in draw_logs())
    )
    with (shop.folder / "raw" / "orders.csv").open("a", encoding="utf-8") as file:
        file.write(f"{PLANTED},yesterday,5,web\n{PLANTED},2024-02-01T00:00:00Z,5,web,one,more\n")
    for step in ("prepare", "train", "evaluate", "promote", "inspect"):
        shop.must(step)
    for moment in (AS_OF, "2024-06-16"):
        shop.must("score", "--as_of", moment)
    before = {
        "events": shop.table("events").scan().collect(),
        "scores": shop.scores(),
        "reports": reports(shop),
        "holders": holders(shop.store, PLANTED),
    }
    return Forgetting(shop, shop.run("forget", "--customer_id", PLANTED), **before)


def reports(shop: Shop) -> dict[str, bytes]:
    return {n: text for n, text in shop.tree().items() if n.startswith("evaluation")}


def test_the_customer_is_in_no_file_of_the_store(planted: Forgetting) -> None:
    assert planted.done.status == 0, planted.done.err
    assert {Path(name).parts[0] for name in planted.holders} == {"events", "sequences", "scores"}
    assert any("quarantine" in name for name in planted.holders)
    assert holders(planted.shop.store, PLANTED) == []


def test_it_is_said_what_was_removed_and_which_model_has_seen_it(planted: Forgetting) -> None:
    data, out = planted.shop.store, planted.done.out
    assert out.startswith(f"forgotten   {PLANTED}\n")
    assert (
        "models that were trained on them, and stay as they are:\n"
        "  shop version 1 (champion), trained up to 2024-05-20\n"
        "Run seqchurn train and seqchurn promote to replace them.\n"
    ) in out
    assert f"\nsequences   1 removed: {data}/sequences/shop\n" in out
    for moment in (AS_OF, "2024-06-16"):
        assert f"\nscores      1 removed: {data}/scores/shop/as_of={moment}\n" in out
    assert f"new page: {data}/inspection/shop\n" in out
    assert "The raw logs are left alone." in out
    assert PLANTED not in planted.done.err


def test_events_and_scores_of_all_others_are_as_they_were(planted: Forgetting) -> None:
    others = pl.col("customer_id") != PLANTED
    assert planted.events.height > planted.events.filter(others).height
    assert planted.shop.table("events").scan().collect().equals(planted.events.filter(others))
    assert planted.shop.scores().equals(planted.scores.filter(others))


def test_reports_hold_nothing_of_a_single_customer_and_stay(planted: Forgetting) -> None:
    assert len(planted.reports) > 4
    assert reports(planted.shop) == planted.reports


def test_raw_logs_are_left_alone(planted: Forgetting) -> None:
    assert PLANTED in (planted.shop.folder / "raw" / "orders.csv").read_text()


@pytest.mark.parametrize("flags", [[], ["--force"]], ids=["again", "from scratch"])
def test_the_raw_logs_do_not_bring_the_customer_back(planted: Forgetting, flags: list[str]) -> None:
    shop = planted.shop
    before = [shop.table(kind).manifest()["digest"] for kind in ("events", "sequences")]
    shop.must("prepare", *flags)
    shop.must("score", "--as_of", AS_OF)
    assert holders(shop.store, PLANTED) == []
    assert [shop.table(kind).manifest()["digest"] for kind in ("events", "sequences")] == before
    assert shop.scores().height == planted.scores.height - 1


def test_new_records_of_the_customer_are_left_out(planted: Forgetting) -> None:
    orders = planted.shop.folder / "raw" / "orders.csv"
    orders.write_text(orders.read_text() + f"{PLANTED},2024-06-01T00:00:00Z,5,web\n")
    planted.shop.must("prepare")
    assert holders(planted.shop.store, PLANTED) == []


def test_whom_nobody_knows_is_said_and_kept_out_all_the_same(trained: Shop) -> None:
    before = {kind: trained.table(kind).manifest()["digest"] for kind in ("events", "sequences")}
    said = trained.must("forget", "--customer_id", "stranger")
    assert "no events   stranger; if any ever come, they are left out\n" in said
    assert "models" not in said
    assert {kind: trained.table(kind).manifest()["digest"] for kind in before} == before
    assert len(customers(trained, "scores", as_of=AS_OF)) == 60
    orders = trained.folder / "raw" / "orders.csv"
    orders.write_text(orders.read_text() + "stranger,2024-06-01T00:00:00Z,5,web\n")
    trained.must("prepare")
    assert "stranger" not in customers(trained, "events")


def test_several_are_forgotten_at_once(trained: Shop) -> None:
    trained.must("forget", "--customer_id", "c02", "--customer_id", "c03")
    for kind in ("events", "sequences"):
        assert len(customers(trained, kind)) == 58
    assert not {"c02", "c03"} & customers(trained, "scores", as_of=AS_OF)


def test_only_models_that_were_trained_later_have_seen_the_customer(trained: Shop) -> None:
    first = trained.table("events").scan().group_by("customer_id").agg(pl.min("timestamp"))
    newest = first.sort("timestamp").collect()["customer_id"][-1]  # first seen after the cutoff
    said = trained.must("forget", "--customer_id", newest)
    assert "models      none was trained on them\n" in said


def test_without_any_model_the_tables_are_cleared(shop: Shop) -> None:
    shop.must("prepare")
    said = shop.must("forget", "--customer_id", WHO)
    assert "models      none was trained on them\n" in said
    assert WHO not in customers(shop, "sequences")


def test_if_nobody_is_left_there_are_no_sequences(
    trained: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    everyone = sorted(customers(trained, "sequences"))

    def emptied(_: object, table: BucketStore, customer_ids: list[str]) -> ForgottenCustomers:
        Forgotten.read(table.folder).add(table.folder, customer_ids)
        table.purge(everything=True)
        return ForgottenCustomers(customer_ids, [], None, 0)

    monkeypatch.setattr(verb.events, "forget", emptied)
    for _ in range(2):
        trained.must("forget", *(word for who in everyone for word in ("--customer_id", who)))
        assert list((trained.store / "sequences").rglob("*.parquet")) == []
        assert customers(trained, "scores", as_of=AS_OF) == set()
    assert "Run seqchurn prepare." in trained.run("train").err


def test_fits_that_were_cut_off_are_removed_of_this_config_only(trained: Shop) -> None:
    checkpoints = trained.store / "checkpoints"
    own, other = checkpoints / "shop-0123456789ab", checkpoints / "shop-two-0123456789ab"
    for folder in (own, other):
        folder.mkdir()
        (folder / "last.ckpt").write_bytes(b"weights")
    trained.must("forget", "--customer_id", "stranger")
    assert own.exists()
    said = trained.must("forget", "--customer_id", WHO)
    assert f"checkpoint  removed: {own}\n" in said
    assert sorted(checkpoints.iterdir()) == [other]


def test_a_training_that_runs_has_to_end_first(trained: Shop) -> None:
    folder = trained.store / "checkpoints" / "shop-0123456789ab"
    folder.mkdir()
    with locked(folder, ""):
        done = trained.run("forget", "--customer_id", WHO)
    assert done.status == 5
    assert "another run is training in" in done.err
    again = trained.must("forget", "--customer_id", WHO)
    assert "  shop version 1 (champion), trained up to 2024-05-20\n" in again
    assert holders(trained.store / "sequences", f'"{WHO}"') == []
