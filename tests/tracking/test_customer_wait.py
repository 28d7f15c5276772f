"""The wait of one customer agrees with the score table, and with itself."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

import seqchurn
from seqchurn.errors import ConfigError, DataError
from seqchurn.prediction import CustomerWait
from seqchurn.tracking import LoadedModel
from tests.shop import AS_OF, Opened

DAYS = np.arange(0.0, 200.0)


@pytest.fixture(scope="module")
def model(whole_way: Opened) -> LoadedModel:
    return seqchurn.load_model("models:/shop@champion", store=whole_way.store)


@pytest.fixture(scope="module")
def scores(whole_way: Opened) -> pl.DataFrame:
    return whole_way.scores()


@pytest.fixture(params=["c00", "c05", "c07", "c31"])
def row(request: pytest.FixtureRequest, scores: pl.DataFrame) -> dict[str, object]:
    """What the table says of a regular, a visitor who never ordered, one with one order."""
    return scores.row(by_predicate=pl.col("customer_id") == request.param, named=True)


def test_it_says_what_the_score_table_says(model: LoadedModel, row: dict[str, object]) -> None:
    wait = model.wait(str(row["customer_id"]), AS_OF)
    said = [row["p_order_7d"], row["p_order_28d"]]
    np.testing.assert_allclose(wait.probability([7, 28]), said, atol=1e-9)
    assert wait.p_never == pytest.approx(row["p_never"], abs=1e-9)
    assert wait.quiet_days == row["quiet_days"]
    assert wait.as_of == row["as_of"]
    median = float(wait.quantile(0.5)[0])
    date = row["next_order_p50"]
    assert (wait.as_of + timedelta(days=median) if median < 365 else None) == date


def test_survival_and_hazard_tell_the_same(model: LoadedModel, row: dict[str, object]) -> None:
    wait = model.wait(str(row["customer_id"]), AS_OF)
    survival, hazard = wait.survival(DAYS), wait.hazard(DAYS)
    assert survival[0] == 1
    assert (np.diff(survival) <= 0).all()
    np.testing.assert_allclose(np.cumprod(1 - hazard)[:-1], survival[1:], rtol=1e-9)
    curve = wait.curve(199)
    np.testing.assert_array_equal(curve["survival"], survival)
    np.testing.assert_array_equal(curve["hazard"], hazard)
    assert curve["day"].dt.date().is_sorted()
    for level, day in zip((0.1, 0.5), wait.quantile([0.1, 0.5]), strict=True):
        if day < 199:  # by the end of the step, not before it
            assert survival[int(day) + 1] <= 1 - level + 1e-6
            assert survival[int(day)] >= 1 - level - 1e-6


@pytest.mark.parametrize("quiet", [0, 1, 30])
def test_a_quiet_time_that_is_assumed_is_survived(
    quiet: int, model: LoadedModel, row: dict[str, object]
) -> None:
    now = model.wait(str(row["customer_id"]), AS_OF)
    then = now.given_quiet(quiet)
    assert then.as_of == now.as_of + timedelta(days=quiet)
    expected = now.survival(DAYS + quiet) / now.survival(quiet)
    np.testing.assert_allclose(then.survival(DAYS), expected, rtol=1e-9)
    twice = now.given_quiet(quiet).given_quiet(quiet)
    np.testing.assert_allclose(
        twice.survival(DAYS), now.given_quiet(2 * quiet).survival(DAYS), rtol=1e-9
    )
    if now.quiet_days is not None:
        assert then.quiet_days == now.quiet_days + quiet


def test_events_at_hand_give_the_same_as_the_store(model: LoadedModel, whole_way: Opened) -> None:
    events = whole_way.table("events").scan().filter(customer_id="c00").collect()
    by_store = model.wait("c00", AS_OF).survival(DAYS)
    for given in (events, events.to_pandas()):
        found = model.wait("c00", datetime(2024, 6, 15, tzinfo=UTC), events=given)
        np.testing.assert_array_equal(found.survival(DAYS), by_store)


def test_it_reads_well(model: LoadedModel) -> None:
    wait = model.wait("c00", AS_OF)
    lines = str(wait).splitlines()
    assert lines[0].startswith("customer c00 as of 2024-06-15, ")
    assert lines[0].endswith(" days after the last order")
    assert f"7 days        {wait.probability(7)[0]:.1%}" in lines
    assert wait._repr_html_() == f"<pre>{wait}</pre>"
    assert "after the last order" not in str(model.wait("c05", AS_OF))


def test_what_cannot_be_asked_is_refused(model: LoadedModel) -> None:
    with pytest.raises(DataError, match="no event of customer nobody lies before 2024-06-15"):
        model.wait("nobody", AS_OF)
    with pytest.raises(
        DataError, match="no event of customer c00 lies before 2023-.*a later moment"
    ):
        model.wait("c00", "2023-01-01")
    wait: CustomerWait = model.wait("c00", AS_OF)
    with pytest.raises(ConfigError, match="days are -1; expected none below 0"):
        wait.survival([3, -1])
    for days in (-1, 0.5):
        with pytest.raises(ConfigError, match="days are not a whole number of steps of 1 days"):
            wait.given_quiet(days)
