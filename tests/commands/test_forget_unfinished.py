"""`forget` killed between any two steps: the next run finishes what it had begun."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from seqchurn.commands import forget as verb
from seqchurn.storage import BucketStore
from tests.commands.stores import customers, holders
from tests.shop import AS_OF, Shop

WHO = "c02"

STEPS = [
    "_theirs",
    "_first_event_at",
    "_models",
    "_remove_checkpoints",
    "_rebuild_sequences",
    "build_store",
    "_remove_from_scores",
    "forget_scores",
    "_remove_page",
]


def forget_until(trained: Shop, owner: object, step: str, stop: Callable[..., Any]) -> str:
    """What is said by a run that is killed in a step, and by one that finishes its work."""
    trained.must("inspect")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(owner, step, stop)
        done = trained.run("forget", "--customer_id", WHO)
        assert (done.status, "killed" in done.err) == (7, True), done.err
    again = trained.must("forget", "--customer_id", WHO)
    assert holders(trained.store, f'"{WHO}"') == []
    assert not (trained.store / "inspection" / "shop").exists()
    assert len(customers(trained, "scores", as_of=AS_OF)) == 59
    return done.out + again


@pytest.mark.slow
@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_run_that_was_killed_is_finished_by_the_next(trained: Shop, step: str, when: str) -> None:
    original = getattr(verb, step)

    def killed(*args: Any, **kwargs: Any) -> None:
        if when == "after":
            original(*args, **kwargs)
        raise OSError("killed")

    said = forget_until(trained, verb, step, killed)
    assert "shop version 1 (champion), trained up to 2024-05-20\n" in said


@pytest.mark.parametrize(
    "call", range(5), ids=["events", "quarantine", "identity", "seq", "scores"]
)
def test_a_run_that_was_killed_before_a_purge_is_finished_by_the_next(
    trained: Shop, call: int
) -> None:
    original, purged = BucketStore.purge, []

    def killed(self: BucketStore, **everything: bool) -> int:
        purged.append(self.folder)
        if len(purged) > call:
            raise OSError("killed")
        return original(self, **everything)

    said = forget_until(trained, BucketStore, "purge", killed)
    assert "shop version 1 (champion), trained up to 2024-05-20\n" in said


@pytest.mark.parametrize("who", [WHO, "c03"], ids=["theirs", "another's"])
def test_a_run_that_a_doubled_row_of_a_table_stopped_is_finished_when_the_row_is_gone(
    who: str, trained: Shop
) -> None:
    people = trained.folder / "raw" / "people.csv"
    sound = people.read_text()
    first = trained.table("events").manifest()["digest"]
    row = next(line for line in sound.splitlines() if line.startswith(f"{who},"))
    people.write_text(f"{sound}{row}\n")
    assert f"customer {who} has more than one row" in trained.run("prepare").err
    assert trained.table("events").manifest()["digest"] == first
    forgotten = trained.run("forget", "--customer_id", WHO)
    assert forgotten.status == (0 if who == WHO else 3)
    said = "Remove the older ones. Then run seqchurn prepare, and seqchurn forget again to finish."
    assert (said in forgotten.err) == (who != WHO)
    people.write_text(sound)
    trained.must("prepare")
    trained.must("forget", "--customer_id", WHO)
    assert holders(trained.store, f'"{WHO}"') == []
    assert WHO not in customers(trained, "events") | customers(trained, "sequences")
    assert len(customers(trained, "events")) == len(customers(trained, "sequences")) == 59
    assert len(customers(trained, "scores", as_of=AS_OF)) == 59
