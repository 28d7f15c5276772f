from __future__ import annotations

import fcntl
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest

from seqchurn.commands import moments
from seqchurn.commands import score_table as verb
from seqchurn.config import Config
from seqchurn.storage import BucketStore, BucketWriter
from tests.shop import AS_OF, Opened, Shop


def test_the_same_inputs_give_the_same_bytes(trained: Shop) -> None:
    before = trained.tree()
    said = trained.must("score", "--as_of", AS_OF, "--force")
    assert "unchanged" not in said
    assert trained.tree() == before


@pytest.mark.slow
def test_how_many_processes_score_changes_no_byte(trained: Shop) -> None:
    before = trained.tree()
    done = trained.run("score", "--as_of", AS_OF, "--force", "--scoring.at_once", "2")
    assert done.status == 0, done.err
    assert "scoring in 2 processes" in done.err
    assert trained.tree() == before


@pytest.mark.parametrize(
    ("customers", "cores", "fields", "expected"),
    [
        (9_999, 64, {}, 1),  # not worth a process
        (1_000_000, 2, {}, 2),
        (1_000_000, 8, {"threads": 4}, 2),
        (1_000_000, 2, {"threads": 4}, 1),
        (30_000, 64, {}, 3),
        (10, 1, {"scoring": {"at_once": 3}}, 3),
    ],
)
def test_processes_are_as_many_as_there_is_work_and_cores_for(
    customers: int,
    cores: int,
    fields: dict[str, Any],
    expected: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(verb, "cores", lambda: cores)
    source = {"name": "log", "kind": "csv", "path": "x.csv", "customer_id": "c", "timestamp": "t"}
    events = {"sources": [{**source, "event_type": "order"}]}
    config = Config.model_validate({"name": "shop", "events": events, **fields})
    assert verb._processes(config, customers) == expected


def test_nothing_is_done_where_nothing_has_changed(trained: Shop) -> None:
    manifest = trained.table("scores", as_of=AS_OF).folder / "manifest.json"
    written = manifest.stat().st_mtime_ns
    said = trained.must("score", "--as_of", AS_OF)
    assert said == (
        f"scores  60 customers by models:/shop/1, unchanged: {trained.store}/scores/shop/"
        f"as_of={AS_OF}\n"
    )
    assert manifest.stat().st_mtime_ns == written


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("evaluation.horizons", "[14d]"),
        ("scoring.churn_horizon", "56d"),
        ("scoring.interval", "7d"),
        ("scoring.reach", "30d"),
    ],
)
def test_a_change_of_what_scores_say_writes_them_anew(
    field: str, value: str, trained: Shop
) -> None:
    before = trained.scores()
    assert "unchanged" not in trained.must("score", "--as_of", AS_OF, f"--{field}", value)
    assert not trained.scores().equals(before)


def test_new_events_and_a_new_champion_write_them_anew(trained: Shop) -> None:
    trained.must("train", "--training.seed", "1")
    assert "unchanged" in trained.must("score", "--as_of", AS_OF)
    trained.must("promote")
    said = trained.must("score", "--as_of", AS_OF)
    assert "by models:/shop/2:" in said
    assert trained.scores()["model_version"].unique().to_list() == ["2"]
    said = trained.must("score", "--as_of", AS_OF, "--model_version", "1")
    assert "by models:/shop/1:" in said
    orders = trained.folder / "raw" / "orders.csv"
    orders.write_text(orders.read_text() + "c00,2024-06-01T00:00:00Z,5,web\n")
    trained.must("prepare")
    assert "unchanged" not in trained.must("score", "--as_of", AS_OF, "--model_version", "1")


def test_a_publication_that_is_interrupted_leaves_the_old_table(
    trained: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = trained.tree()
    original, written = BucketWriter.write, []

    def stop_at_the_second(self: BucketWriter, bucket: int, frame: Any) -> None:
        written.append(bucket)
        if len(written) == 2:
            raise OSError(28, "No space left on device")
        original(self, bucket, frame)

    monkeypatch.setattr(BucketWriter, "write", stop_at_the_second)
    done = trained.run("score", "--as_of", AS_OF, "--evaluation.horizons", "[14d]")
    assert done.status == 7
    assert "Nothing that was published has changed. Check space" in done.err
    assert len(written) == 2
    left = trained.tree()
    assert {n: left[n] for n in left if "unfinished" not in n} == before


def test_a_range_gives_a_table_per_interval(trained: Shop) -> None:
    said = trained.must("score", "--from", "2024-06-01", "--to", "2024-06-04")
    assert said.count("scores  ") == 3
    for day in ("2024-06-01", "2024-06-02", "2024-06-03"):
        scores = trained.scores(day)
        moment = datetime.fromisoformat(day).replace(tzinfo=UTC)
        assert scores["as_of"].unique().to_list() == [moment]
        assert scores["valid_until"].unique().to_list() == [moment + timedelta(days=1)]
    assert not trained.table("scores", as_of="2024-06-04").exists()
    alone = trained.scores("2024-06-02")
    trained.must("score", "--as_of", "2024-06-02", "--force")
    assert trained.scores("2024-06-02").equals(alone)


def test_a_range_is_half_open_also_where_the_interval_does_not_divide_it(trained: Shop) -> None:
    weekly = ["--scoring.interval", "7d"]
    said = trained.must("score", "--from", "2024-06-01", "--to", "2024-06-10", *weekly)
    assert [line[-10:] for line in said.splitlines()] == ["2024-06-01", "2024-06-08"]
    said = trained.must("score", "--from", "2024-06-01", "--to", "2024-06-08", *weekly)
    assert said.count("scores  ") == 1


def test_some_customers_are_shown_and_nothing_is_published(trained: Shop) -> None:
    before = trained.tree()
    said = trained.must("score", "--as_of", "2024-06-10", "--customer_id", "c05", *_id("c02"))
    lines = [line.split() for line in said.splitlines()]
    assert lines[0] == ["times", "in", "UTC", "c02", "c05"]
    shown = {line[0]: line[1:] for line in lines[2:]}
    assert shown["quiet_days"][1] == "-"
    assert shown["as_of"] == ["2024-06-10", "00:00"] * 2
    assert "churn_percentile" not in shown  # it needs all customers
    assert trained.tree() == before
    trained.must("score", "--as_of", "2024-06-10")
    published = trained.scores("2024-06-10").filter(pl.col("customer_id").is_in(["c02", "c05"]))
    assert shown["p_churn"] == [f"{p:.4f}" for p in published["p_churn"]]


def _id(customer: str) -> list[str]:
    return ["--customer_id", customer]


def test_a_customer_nobody_knows(trained: Shop) -> None:
    done = trained.run("score", "--as_of", AS_OF, *_id("c02"), *_id("nobody"), *_id("c99"))
    assert (done.status, done.out) == (3, "")
    assert "no event of customer c99, nobody lies before 2024-06-15T00:00:00+00:00. Ch" in done.err


def test_a_customer_first_seen_later(whole_way: Opened, trained: Shop) -> None:
    events = whole_way.table("events").scan()
    first = events.group_by("customer_id").agg(pl.col("timestamp").min()).collect()
    late = first.sort("timestamp")["customer_id"][-1]
    done = trained.run("score", "--as_of", "2024-02-01", *_id(late))
    assert done.status == 3
    assert f"no event of customer {late} lies before 2024-02-01" in done.err


_INTERVAL = "[scoring] interval 36h is not a whole number of steps of [waits] step 1d. Choose one"


@pytest.mark.parametrize(
    ("flags", "status", "complaint"),
    [
        (["--as_of", "2023-06-01"], 2, "no customer is known before --as_of 2023-06-01T00:00:00"),
        (["--as_of", "2024-01-01"], 2, "the log begins at 2024-01-01T08:54:23"),
        (["--as_of", "2024-06-16T05:00:00"], 2, "05:00:00+00:00 lies inside a step of 1 days."),
        (["--from", "2024-06-16T05:00:00", "--to", "2024-06-18"], 2, "lies inside a step of 1 "),
        (["--from", "2024-06-16", "--to", "2024-06-17T12:00:00"], 2, "lies inside a step of 1 "),
        (["--from", "2024-06-18", "--to", "2024-06-18"], 2, "holds no moment. Give a later --to."),
        (["--from", "2024-06-18", "--to", "2024-06-16"], 2, "holds no moment. Give a later --to."),
        (["--as_of", "2024-06-16", "--model_version", "7"], 4, "has no version or alias 7; there"),
        (["--as_of", "2024-06-16", "--scoring.churn_horizon", "36h"], 2, "churn_horizon is 36h, w"),
        (["--from", "2024-06-16", "--to", "2024-06-18", "--scoring.interval", "36h"], 2, _INTERVAL),
        (
            ["--from", "2024-06-16", "--to", "2024-06-18", "--scoring.interval", "6h"],
            2,
            "[scoring] interval 6h is not a whole number of steps of [waits] step 1d.",
        ),
        (["--as_of", "9999-12-31"], 2, "--as_of: '9999-12-31' is of the year 9999; write a date"),
        (["--as_of", "0001-01-01"], 2, "--as_of: '0001-01-01' is of the year 1; write a date"),
    ],
)
def test_what_cannot_be_scored_leaves_no_table(
    flags: list[str], status: int, complaint: str, trained: Shop
) -> None:
    before, folders = trained.tree(), sorted((trained.store / "scores" / "shop").iterdir())
    done = trained.run("score", *flags)
    assert (done.status, done.out) == (status, ""), done.err
    assert complaint in done.err
    assert "Traceback" not in done.err
    assert trained.tree() == before
    assert sorted((trained.store / "scores" / "shop").iterdir()) == folders


def test_without_a_champion_nothing_is_scored(shop: Shop) -> None:
    shop.must("prepare")
    shop.must("train")
    done = shop.run("score", "--as_of", AS_OF)
    assert (done.status, done.out) == (4, "")
    assert "model shop has no version or alias champion; there are versions 1." in done.err
    assert "Run seqchurn promote." in done.err
    assert not (shop.store / "scores").exists()


def test_another_run_that_publishes_the_same_table_is_respected(trained: Shop) -> None:
    before = trained.tree()
    with (trained.table("scores", as_of=AS_OF).folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = trained.run("score", "--as_of", AS_OF, "--force")
        assert (done.status, done.out) == (5, "")
        assert f"another run is writing {trained.store}/scores/shop/as_of={AS_OF}. Wa" in done.err
        assert trained.tree() == before
        trained.must("score", "--as_of", "2024-06-16")  # another table
    trained.must("score", "--as_of", AS_OF, "--force")


def test_without_as_of_the_start_of_today_is_meant(
    trained: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Clock(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:
            return datetime(2024, 6, 20, 17, 30, tzinfo=tz)

    monkeypatch.setattr(moments, "datetime", Clock)
    trained.must("score")
    assert trained.scores("2024-06-20")["as_of"][0] == datetime(2024, 6, 20, tzinfo=UTC)


def test_the_folder_of_scores_holds_tables_only(trained: Shop) -> None:
    trained.must("score", "--from", "2024-06-01", "--to", "2024-06-03")
    for folder in (trained.store / "scores" / "shop").iterdir():
        [parts] = [p.name for p in folder.iterdir() if p.name not in (".lock", "manifest.json")]
        assert parts.startswith("parts-")
        assert BucketStore(folder).manifest()["as_of"][:10] == folder.name.removeprefix("as_of=")


def test_scores_of_what_the_model_has_seen_are_warned_of(trained: Shop) -> None:
    warning = (
        "scores as of 2024-05-19T00:00:00+00:00 are in-sample: models:/shop/1 has seen everything "
        "before 2024-05-20T00:00:00+00:00."
    )
    assert warning in trained.run("score", "--as_of", "2024-05-19", "--quiet").err
    range_over = ["--from", "2024-05-19", "--to", "2024-05-21"]
    assert trained.run("score", *range_over).err.count("in-sample") == 1
    assert "in-sample" not in trained.run("score", "--as_of", "2024-05-20").err


def test_who_publishes_scores_of_another_than_the_champion_is_told(trained: Shop) -> None:
    trained.must("train", "--training.max_epochs", "1", "--training.networks", "1")
    done = trained.run("score", "--as_of", "2024-06-16", "--model_version", "2")
    assert done.status == 0
    assert "models:/shop/2 is not the champion, and its scores stand where" in done.err
    assert "is not the champion" not in trained.run("score", "--as_of", "2024-06-17").err
