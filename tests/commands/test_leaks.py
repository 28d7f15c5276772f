"""Nothing at or after a cutoff reaches a prediction, to the bit."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from seqchurn.baselines import BASELINES
from seqchurn.evaluation import Assessment, Outcomes
from seqchurn.evaluation.assessment import Answers
from seqchurn.tracking import connect, find_model, open_model
from seqchurn.tracking.bundle import Bundle
from tests.shop import AS_OF, CUTOFF, Opened, Shop, draw_logs, write_logs

Logs = list[pl.DataFrame]


def truncated(logs: Logs, moment: str) -> Logs:
    """The logs as they stood at a moment."""
    return [log.filter(_time(log) < _instant(moment)) for log in logs]


def permuted(logs: Logs, moment: str) -> Logs:
    """The logs with everything from a moment on given to others, at other times."""
    rng = np.random.default_rng(1)
    changed = []
    for log in logs:
        before, after = (
            log.filter(_time(log) < _instant(moment)),
            log.filter(_time(log) >= _instant(moment)),
        )
        mixed = [after[c][rng.permutation(after.height)].alias(c) for c in after.columns]
        after = after.with_columns(mixed)
        if "joined" in log.columns:  # one row per customer
            after = after.with_columns(log.filter(_time(log) >= _instant(moment))["who"])
        changed.append(pl.concat([before, after]))
    return changed


CHANGES = [truncated, permuted]
changes = pytest.mark.parametrize("change", CHANGES, ids=lambda f: f.__name__)


def _time(log: pl.DataFrame) -> pl.Expr:
    return pl.col("joined" if "joined" in log.columns else "at")


def _instant(moment: str) -> datetime:
    return datetime.fromisoformat(moment).replace(tzinfo=UTC)


def rewrite(shop: Shop, change: Callable[[Logs, str], Logs], moment: str) -> None:
    before = shop.table("events").manifest()["digest"]
    write_logs(shop.folder, *change(list(draw_logs()), moment))
    shop.must("prepare")
    assert shop.table("events").manifest()["digest"] != before


@changes
def test_what_happens_at_or_after_as_of_changes_no_score(
    change: Callable[[Logs, str], Logs], whole_way: Opened, trained: Shop
) -> None:
    rewrite(trained, change, AS_OF)
    trained.must("score", "--as_of", AS_OF)
    assert trained.scores().equals(whole_way.scores())


def test_what_happens_at_or_after_the_cutoff_changes_no_evaluated_probability(
    trained: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    from seqchurn.commands import evaluate as verb

    judged: list[tuple[list[str], dict[str, Answers]]] = []
    original = verb.assess

    def listening(
        name: str, outcomes: Outcomes, answers: dict[str, Answers], **rest: Any
    ) -> Assessment:
        judged.append((outcomes.known["customer_id"].to_list(), answers))
        return original(name, outcomes, answers, **rest)

    monkeypatch.setattr(verb, "assess", listening)
    first = trained.must("evaluate")
    rewrite(trained, permuted, CUTOFF)
    second = trained.must("evaluate")
    (who, one), (others, two) = judged
    assert who == others
    assert list(one) == list(two) == ["seqchurn lstm", *BASELINES]
    for model in one:
        assert np.array_equal(one[model].within, two[model].within, equal_nan=True), model
        assert (one[model].orders is None) == (two[model].orders is None)
        if one[model].orders is not None:
            assert np.array_equal(one[model].orders, two[model].orders), model
    assert first != second  # other outcomes


@changes
def test_what_happens_at_or_after_the_cutoff_changes_no_weight(
    change: Callable[[Logs, str], Logs],
    whole_way: Opened,
    open_shop: Callable[..., Shop],
    tmp_path: Path,
) -> None:
    other = open_shop(tmp_path / "other", *change(list(draw_logs()), CUTOFF))
    other.must("prepare")
    other.must("train")
    one, two = newest(whole_way), newest(other)
    assert one.model.codebook == two.model.codebook
    assert one.model.facts == two.model.facts
    for network, same in zip(one.model.networks, two.model.networks, strict=True):
        weights, others = network.state_dict(), same.state_dict()
        assert all(weights[name].equal(others[name]) for name in weights)


def newest(shop: Shop) -> Bundle:
    connect(shop.store)
    return open_model(find_model(shop.name, None))
