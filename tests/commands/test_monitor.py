"""Published scores held against what followed, through the command line, on a small shop."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import mlflow
import polars as pl
import pytest

from seqchurn.files import locked
from seqchurn.storage import BucketStore
from tests.shop import AS_OF, CUTOFF, Opened, Shop

FEW = ["--monitoring.least_expected", "5"]  # the shop is small
WIDE = [*FEW, "--monitoring.band", "[0.01,99]"]
FILES = ["calibration", "latest", "monitoring", "versions"]


def rows(shop: Shop, name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((folder(shop) / f"{name}.json").read_text())
    return found


def folder(shop: Shop) -> Path:
    return shop.store / "monitoring" / "shop"


def written(shop: Shop) -> dict[str, bytes]:
    return {n: content for n, content in shop.tree().items() if n.startswith("monitoring")}


def runs(shop: Shop) -> list[mlflow.entities.Run]:
    client = mlflow.MlflowClient(f"sqlite:///{shop.store}/mlflow/mlflow.db")
    experiment = client.get_experiment_by_name("shop")
    found = client.search_runs([experiment.experiment_id])
    return [run for run in found if run.data.tags["seqchurn.kind"] == "monitor"]


def test_a_table_as_of_a_cutoff_is_found_as_good_as_evaluate_found_the_model(
    trained: Shop,
) -> None:
    trained.must("score", "--as_of", CUTOFF)
    trained.must("monitor", *WIDE)
    evaluation = trained.store / "evaluation" / "shop" / f"cutoff={CUTOFF}"
    evaluated = {
        (row["horizon_days"], key): row[key]
        for name in ("evaluation", "counts")
        for row in json.loads((evaluation / f"{name}.json").read_text())
        if (row["cohort"], row["model"]) == ("all", "seqchurn lstm")
        for key in row
    }
    found = [row for row in rows(trained, "monitoring") if row["first"] == CUTOFF]
    assert [row["horizon_days"] for row in found] == [7.0, 28.0]
    for row in found:
        said = {key: value for (h, key), value in evaluated.items() if h == row["horizon_days"]}
        for key in ("n", "auc", "log_loss", "ece"):
            assert row[key] == pytest.approx(said[key], abs=1e-6)
        assert row["customers_observed"] == said["positives"]
        assert 1 / row["orders_ratio"] - 1 == pytest.approx(said["bias"], abs=1e-6)


def test_page_files_and_run_say_the_same_and_a_second_run_writes_it_again(
    trained: Shop,
) -> None:
    said = trained.must("monitor", *WIDE)
    assert said.startswith("shop: 1 of 1 score tables, held against the orders before 2024-07-19\n")
    assert said.endswith(f"\nreport  {folder(trained)}\n")
    others = ["monitoring.txt", "observed_expected.png", "reliability.png"]
    names = [*(f"{name}.json" for name in FILES), *others]
    assert sorted(p.name for p in folder(trained).iterdir()) == sorted(names)
    [run] = runs(trained)
    assert run.info.status == "FINISHED"
    [week] = [r for r in rows(trained, "monitoring") if r["horizon_days"] == 28.0]
    assert run.data.metrics["shop_version_1/log_loss_28d"] == week["log_loss"]
    client = mlflow.MlflowClient(f"sqlite:///{trained.store}/mlflow/mlflow.db")
    kept = {artifact.path for artifact in client.list_artifacts(run.info.run_id)}
    assert kept == {*names, "config.yaml"}
    page = (folder(trained) / "monitoring.txt").read_text(encoding="utf-8")
    assert page.splitlines()[:10] == said.splitlines()[:10]
    assert "by week" in page
    before = written(trained)
    assert trained.must("monitor", *WIDE) == said
    assert written(trained) == before
    assert len(runs(trained)) == 2


def test_counts_by_hand_from_events_and_scores(whole_way: Opened, trained: Shop) -> None:
    trained.must("monitor", *WIDE)
    start = trained.scores()["as_of"][0]
    window = pl.col("timestamp").is_between(start, start + pl.duration(days=7), closed="left")
    orders = whole_way.table("events").scan().filter(window, pl.col("event_type") == "order")
    theirs = orders.collect().filter(
        pl.col("customer_id").is_in(trained.scores()["customer_id"].implode())
    )
    days = theirs.select("customer_id", pl.col("timestamp").dt.date()).unique()
    [row] = [r for r in rows(trained, "monitoring") if r["horizon_days"] == 7.0]
    assert row["orders_observed"] == days.height > 10
    assert row["customers_observed"] == theirs["customer_id"].n_unique()
    assert row["customers_expected"] == pytest.approx(trained.scores()["p_order_7d"].sum())
    assert row["orders_expected"] == pytest.approx(trained.scores()["expected_orders_7d"].sum())


def test_a_table_is_judged_by_the_horizons_that_it_has(trained: Shop) -> None:
    """The config has others by now, and `score` publishes these from then on."""
    now = ["--evaluation.horizons", "[14d]"]
    trained.must("score", "--as_of", "2024-06-20", *now)
    trained.must("monitor", *WIDE, *now)
    found = {(row["horizon_days"], row["first"]) for row in rows(trained, "monitoring")}
    assert found == {(7.0, AS_OF), (28.0, AS_OF), (14.0, "2024-06-20")}


def test_only_horizons_that_have_passed_are_judged(trained: Shop) -> None:
    trained.must("score", "--as_of", "2024-06-28")
    assert "shop: 2 of 2 score tables" in trained.must("monitor", *WIDE)
    found = [(row["horizon_days"], row["first"]) for row in rows(trained, "monitoring")]
    assert found == [(7.0, AS_OF), (7.0, "2024-06-28"), (28.0, AS_OF)]


def test_a_horizon_that_ends_in_a_step_that_is_not_over_has_not_passed(
    trained: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    from seqchurn.commands import monitor as verb

    class Clock(verb.datetime):  # type: ignore[name-defined,misc]
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return cls(2024, 6, 21, 23, 59, tzinfo=tz)

    monkeypatch.setattr(verb, "datetime", Clock)
    said = trained.must("monitor", *WIDE)
    assert "Orders are known before 2024-06-21, and the first horizon ends on 2024-06-22." in said


def test_before_a_horizon_has_passed_it_is_said_when_the_first_will(trained: Shop) -> None:
    for table in (trained.store / "scores" / "shop").iterdir():
        BucketStore(table).purge(everything=True)
        (table / ".lock").unlink()
        table.rmdir()
    for day in ("2024-07-15", "2024-07-14"):
        trained.must("score", "--as_of", day)
    said = trained.must("monitor")
    assert said == (
        "shop: none of 2 score tables can be judged yet. Orders are known before 2024-07-19, and "
        "the first horizon ends on 2024-07-21.\n"
    )
    assert written(trained) == {}
    assert runs(trained) == []


def test_out_of_band_is_an_alarm_after_everything_is_written(trained: Shop) -> None:
    done = trained.run("monitor", *FEW, "--monitoring.band", "[0.999,1.001]")
    assert done.status == 6
    assert done.out.endswith(f"\nreport  {folder(trained)}\n")
    assert "out of band" in done.out
    assert done.err.startswith(
        "seqchurn monitor:\nobserved/expected is not inside [monitoring] band 0.999 to 1.001:\n"
        f"  shop version 1, within 7d, 1 table(s) as of {AS_OF} to {AS_OF}: "
    )
    assert "Traceback" not in done.err
    verdicts = {r[f"{w}_verdict"] for r in rows(trained, "latest") for w in ("customers", "orders")}
    assert "out of band" in verdicts
    assert [run.info.status for run in runs(trained)] == ["FINISHED"]


def test_orders_that_stopped_long_before_the_newest_scores_are_an_alarm(trained: Shop) -> None:
    """Its tables would never pass, and the old ones be judged as well as ever, night by night."""
    late = ["--guards.warn", "[staleness_hours, order_staleness_hours]"]
    trained.must("score", "--as_of", "2024-07-26", *late)
    trained.must("monitor", *WIDE)
    trained.must("score", "--as_of", "2024-07-27", *late)
    done = trained.run("monitor", *WIDE)
    assert done.status == 6
    assert done.out.endswith(f"\nreport  {folder(trained)}\n")
    assert "orders are known before 2024-07-19 and no further, 8d before the newest" in done.err
    trained.must("monitor", *WIDE, "--monitoring.max_quiet", "9d")
    young = trained.run("monitor", *WIDE, "--monitoring.since", "1d")
    assert (young.status, young.out[:33]) == (6, "shop: none of 2 score tables can ")


def test_scores_of_long_ago_are_left_alone(trained: Shop) -> None:
    trained.must("score", "--as_of", "2024-06-20")
    trained.must("monitor", *WIDE, "--monitoring.since", "30d")  # before 2024-07-19
    assert {row["first"] for row in rows(trained, "monitoring")} == {"2024-06-20"}


def test_one_run_monitors_at_a_time_and_keeps_what_it_wrote_alone(trained: Shop) -> None:
    folder(trained).mkdir(parents=True)
    with locked(folder(trained), "busy"):
        done = trained.run("monitor", *WIDE)
    assert (done.status, "another run is monitoring and writes" in done.err) == (5, True)
    (folder(trained) / ".4711.latest.json").write_text("of a run that was killed")
    trained.must("monitor", *WIDE)
    client = mlflow.MlflowClient(f"sqlite:///{trained.store}/mlflow/mlflow.db")
    [run] = runs(trained)
    kept = {artifact.path for artifact in client.list_artifacts(run.info.run_id)}
    assert ".4711.latest.json" not in kept
    assert len(kept) == len(FILES) + 4


def test_a_refused_night_is_not_warned_of(trained: Shop) -> None:
    refused = trained.run("score", "--as_of", "2024-06-20", "--guards.max_model_age_days", "1")
    assert refused.status == 3
    done = trained.run("monitor", *WIDE)
    assert (done.status, "left out" in done.err) == (0, False)
    assert (trained.store / "scores" / "shop" / "as_of=2024-06-20").is_dir()


def test_without_scores_or_without_anybody_left_monitoring_says_what_to_run(
    trained: Shop,
) -> None:
    other = trained.again("other")
    refused = other.run("monitor")
    assert (refused.status, "there is no table in" in refused.err) == (3, True)
    other.must("prepare")
    refused = other.run("monitor")
    assert refused.status == 3
    assert "can be judged. Run seqchurn score." in refused.err
    strangers = trained.scores().with_columns(customer_id=pl.format("x{}", "customer_id"))
    store = trained.table("scores", as_of=AS_OF)
    with store.publish(**store.snapshot().facts) as writer:
        writer.write(0, strangers)
    refused = trained.again("shop").run("monitor")
    assert refused.status == 3
    assert "none of the customers that were scored is in the log of shop any more" in refused.err


@pytest.mark.slow
def test_a_new_version_has_rows_of_its_own(trained: Shop) -> None:
    trained.must("train", "--training.seed", "1")
    trained.must("promote")
    trained.must("score", "--from", "2024-06-17", "--to", "2024-06-20")
    trained.must("monitor", *WIDE)
    found = [(r["horizon_days"], r["model"], r["tables"]) for r in rows(trained, "versions")]
    assert found == [(h, f"shop version {v}", n) for h in (7.0, 28.0) for v, n in ((2, 3), (1, 1))]
    assert {row["model"] for row in rows(trained, "latest")} == {"shop version 2"}
    weeks = [(r["week"], r["model"]) for r in rows(trained, "monitoring")][:2]
    assert weeks == [("2024-06-10", "shop version 1"), ("2024-06-17", "shop version 2")]
