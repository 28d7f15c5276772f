"""Challenger and champion through the command line, on a small shop."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import datetime
from typing import Any

import mlflow
import polars as pl
import pytest

from seqchurn.commands import trial
from seqchurn.files import locked
from seqchurn.prediction import RunningWaits
from seqchurn.tracking import connect
from tests.shop import CUTOFF, Opened, Shop

LATEST = "2024-06-21T00:00:00+00:00"  # the log ends four weeks later
QUICK = ["--training.max_epochs", "1", "--training.networks", "1"]
STRICT = [
    *("--gates.max_log_loss_increase", "0", "--gates.max_ece", "0.05"),
    *("--gates.max_ece_cohort", "0.1", "--gates.min_cohort", "10"),
]


def client(shop: Shop) -> mlflow.MlflowClient:
    connect(shop.store)
    return mlflow.MlflowClient()


def tags(shop: Shop, version: str) -> dict[str, Any]:
    found = client(shop).get_model_version("shop", version).tags
    return {name.removeprefix("seqchurn."): value for name, value in found.items()}


def aliases(shop: Shop) -> dict[str, str]:
    found = client(shop).get_registered_model("shop").aliases
    return {alias: str(version) for alias, version in found.items()}


def another(shop: Shop) -> None:
    """A challenger with the weights of the first version, without the time to train it."""
    registry = client(shop)
    first = registry.get_model_version("shop", "1")
    made = registry.create_model_version("shop", first.source, first.run_id)
    registry.set_registered_model_alias("shop", "challenger", made.version)


def too_new(shop: Shop) -> None:
    """A challenger that has seen all but the last nine days of the log."""
    shop.must("train", *QUICK, "--training.cutoff", "2024-07-10")


def test_the_first_champion_is_held_against_kaplan_meier(whole_way: Opened) -> None:
    assert whole_way.said is not None
    lines = whole_way.said["promote"].splitlines()
    assert lines[0] == f"models:/shop/1 against kaplan_meier on 60 customers, cutoff {LATEST}"
    gates = [line.split("  ")[0] for line in lines[5:-2]]
    assert gates == [
        *("log_loss 7d", "log_loss 28d", "ece 7d", "ece 28d"),
        "leaks version 1",
    ]  # no cohort is large enough
    assert lines[-1] == "champion  models:/shop@champion is now version 1"
    assert aliases(whole_way) == {"champion": "1", "challenger": "1"}
    found = tags(whole_way, "1")
    assert len(found.pop("fit")) == 12
    recorded = json.loads(found.pop("gates"))
    assert list(recorded) == gates
    assert all(number <= limit for number, limit, _ in recorded.values())
    assert datetime.fromisoformat(found.pop("decided_at")).tzinfo
    assert found == {
        "evaluation_run": found["evaluation_run"],
        "decision": "promoted",
        "reason": "-",
        "gates_cutoff": LATEST,
        "compared_with": "kaplan_meier",
        "dataset_digest": whole_way.table("sequences").manifest()["digest"],
    }


def test_the_weekly_recipe_runs_on_a_log_that_grows(trained: Shop) -> None:
    weekly = ["--training.held_back", "28d", "--training.cutoff", "null", *QUICK]
    said = trained.must("train", *weekly)
    assert "cutoff      2024-06-21T00:00:00+00:00" in said
    trained.must("promote", *weekly)
    assert aliases(trained) == {"champion": "2", "challenger": "2"}
    assert "unchanged" in trained.must("train", *weekly)
    assert "is version 2 already" in trained.must("promote", *weekly)


@pytest.mark.parametrize("verb", ["promote", "rollback"])
def test_one_run_at_a_time_decides_who_is_champion(verb: str, trained: Shop) -> None:
    with locked(trained.store / "mlflow" / ".champion", "busy"):
        done = trained.run(verb)
    assert done.status == 5
    assert "another run promotes or rolls back in" in done.err


def test_a_first_model_that_is_worse_than_one_curve_for_all_is_refused(trained: Shop) -> None:
    client(trained).delete_registered_model_alias("shop", "champion")
    done = trained.run("promote", *STRICT)
    assert done.status == 4
    assert re.search(r"\nlog_loss 28d +\.\d+ +\.0000 +FAILED", done.err)
    assert "champion" not in aliases(trained)
    assert tags(trained, "1")["decision"] == "refused"


def test_who_is_champion_already_is_not_judged_again(
    trained: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("seqchurn.commands.promote.hold_trial", None)
    before = tags(trained, "1")
    for flags in ([], ["--model_version", "1"], ["--force", "again"]):
        said = trained.must("promote", *flags)
        assert said == "champion  models:/shop@champion is version 1 already\n"
    assert tags(trained, "1") == before


def test_a_model_as_good_as_the_champion_takes_its_place(trained: Shop) -> None:
    trained.must("train", "--force")  # the same weights
    assert aliases(trained) == {"champion": "1", "challenger": "2"}
    said = trained.must("promote")
    assert said.startswith("models:/shop/2 against models:/shop/1 on 60 customers, cutoff 2024")
    assert re.search(r"\nlog_loss 28d +\.0000 +1\.0000  passed", said)
    assert "leaks version 1" in said
    assert aliases(trained)["champion"] == "2"
    assert tags(trained, "2")["compared_with"] == "models:/shop/1"


def test_a_refusal_shows_every_gate_on_one_screen_and_changes_nothing_but_the_record(
    trained: Shop,
) -> None:
    another(trained)
    done = trained.run("promote", *STRICT)
    assert (done.status, done.out) == (4, "")
    assert "models:/shop/2 against models:/shop/1 on 60 customers" in done.err
    for gate in ("log_loss 7d", "ece 28d", "ece_cohort 7d", "leaks version 2"):
        assert f"\n{gate} " in done.err
    assert re.search(r"\nece_cohort 7d +[.\d]+ +[.\d]+ +FAILED +\w", done.err)
    assert re.search(r"\nmodels:/shop/2 is not promoted: above the limit are .*ece 28d", done.err)
    assert done.err.endswith('or promote it all the same with --force "reason".\n')
    assert len(done.err.splitlines()) < 24
    assert aliases(trained) == {"champion": "1", "challenger": "2"}
    found = tags(trained, "2")
    assert (found["decision"], found["reason"]) == ("refused", "-")
    number, limit, which = json.loads(found["gates"])["ece_cohort 7d"]
    assert number > limit
    assert "customers; limit with" in which


def test_force_promotes_what_was_refused_and_records_why(trained: Shop) -> None:
    another(trained)
    assert trained.run("promote", *STRICT).status == 4
    said = trained.must("promote", *STRICT, "--force", "the other one is broken")
    assert "FAILED" in said
    assert said.endswith("champion  models:/shop@champion is now version 2\n")
    found = tags(trained, "2")
    assert (found["decision"], found["reason"]) == ("forced", "the other one is broken")
    assert "ece_cohort 7d" in found["gates"]


def test_predictions_that_look_ahead_are_a_leak(
    trained: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = trial.running_waits

    def looking_ahead(model: Any, sequences: pl.DataFrame, as_of: datetime) -> RunningWaits:
        running = honest(model, sequences, as_of)
        events = sequences["timestamp"].list.len().sum()
        return replace(running, survived_days=running.survived_days + 1e-6 * events)

    another(trained)
    monkeypatch.setattr(trial, "running_waits", looking_ahead)
    done = trained.run("promote")
    assert done.status == 4
    for version in "21":
        assert re.search(
            rf"\nleaks version {version} +60 +0 +FAILED +predictions of 60 that", done.err
        )


IMPOSSIBLE = {
    "--gates.cutoff 2024-07-01": f"[gates] cutoff 2024-07-01T00:00:00+00:00 lies after {LATEST}, ",
    "--gates.cutoff 2024-06-01T06:00": "06:00:00+00:00 lies inside a step of 1d. Choose the start",
    "--gates.cutoff 2024-05-01": f"lies before {CUTOFF}T00:00:00+00:00, the training cutoff of mo",
    "--gates.horizons [36h]": "[gates] horizons has 36h, which is not a whole number of steps of",
}


def test_a_cutoff_at_which_nobody_can_be_judged_is_refused(trained: Shop) -> None:
    another(trained)
    for flags, complaint in IMPOSSIBLE.items():
        done = trained.run("promote", *flags.split())
        assert (done.status, done.out) == (2, "")
        assert complaint in done.err
    assert aliases(trained)["champion"] == "1"
    assert "decision" not in tags(trained, "2")


def test_the_horizons_of_the_gates_tell_how_new_a_model_may_be(trained: Shop) -> None:
    too_new(trained)
    done = trained.run("promote")
    assert done.status == 2
    assert f"[gates] cutoff {LATEST} lies before 2024-07-10T00:00:00+00:00" in done.err
    assert "28d have to be observed after a cutoff, and the log ends 2024-07-19" in done.err
    assert "set shorter gates.horizons" in done.err
    said = trained.run("promote", "--gates.horizons", "[7d]", "--gates.max_ece", "1")
    assert "cutoff 2024-07-12T00:00:00+00:00\n" in said.out + said.err
    assert "log_loss 28d" not in said.out + said.err


def test_force_promotes_what_cannot_be_judged(trained: Shop) -> None:
    too_new(trained)
    done = trained.run("promote", "--force", "no time to wait")
    assert done.out == "champion  models:/shop@champion is now version 2\n"
    assert "warning: promoted by force, the gates could not be asked: [gates] cutoff" in done.err
    found = tags(trained, "2")
    assert (found["decision"], found["reason"]) == ("forced", "no time to wait")
    assert {found[name] for name in ("gates", "gates_cutoff", "compared_with")} == {"-"}
    another(trained)
    done = trained.run("promote")
    assert done.status == 2
    assert "the training cutoff of models:/shop/2: it has seen" in done.err


def test_a_champion_that_cannot_be_read_is_replaced_by_force_only(trained: Shop) -> None:
    trained.must("train", *QUICK)
    oldest = min(trained.store.rglob("bundle.json"), key=lambda file: file.stat().st_mtime_ns)
    oldest.unlink()
    done = trained.run("promote")
    assert done.status == 4
    assert "the champion cannot be compared with: " in done.err
    assert 'replace it all the same, run seqchurn promote --force "reason".' in done.err
    trained.must("promote", "--force", "its files are gone")
    assert aliases(trained)["champion"] == "2"


def test_a_challenger_that_cannot_be_read_is_not_promoted_by_force_either(trained: Shop) -> None:
    another(trained)
    newest = max(trained.store.rglob("bundle.json"), key=lambda file: file.stat().st_mtime_ns)
    newest.unlink()
    done = trained.run("promote", "--force", "now")
    assert done.status == 4
    assert aliases(trained)["champion"] == "1"


def test_a_rollback_restores_the_champion_of_before(trained: Shop) -> None:
    another(trained)
    trained.must("promote")
    assert trained.must("rollback") == (
        "champion  models:/shop@champion is version 1 again; version 2 steps down\n"
    )
    assert aliases(trained)["champion"] == "1"
    done = trained.run("rollback")
    assert (done.status, done.out) == (4, "")
    assert "there was no champion before models:/shop/1." in done.err


def test_what_was_rolled_back_is_not_promoted_again_by_a_scheduler(trained: Shop) -> None:
    another(trained)
    trained.must("promote")
    trained.must("rollback")
    done = trained.run("promote")
    assert done.status == 4
    assert re.search(r"\nrolled_back +1 +0 +FAILED +on 20", done.err)
    assert "models:/shop/2 is not promoted: above the limit is rolled_back." in done.err
    trained.must("promote", "--force", "it was the data")
    assert aliases(trained)["champion"] == "2"


def test_without_a_champion_there_is_nothing_to_roll_back(shop: Shop) -> None:
    shop.must("prepare")
    shop.must("train", *QUICK)
    done = shop.run("rollback")
    assert done.status == 4
    assert "Run seqchurn promote." in done.err
