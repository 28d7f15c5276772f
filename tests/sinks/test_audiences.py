"""Who is in an audience: rules against Python's own reading of them, and members who stay."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqchurn.config.audiences import Audience
from seqchurn.errors import ConfigError
from seqchurn.sinks import Audiences
from tests.sinks.tables import scores

BEFORE = pl.col("before")


def members(
    audiences: Audiences, table: pl.DataFrame, before: Sequence[Sequence[str] | None]
) -> pl.DataFrame:
    known = table.with_columns(pl.Series("before", before, dtype=pl.List(pl.String)))
    return known.select(audiences.members(BEFORE, dict(table.schema)))


def holds(rule: str, table: pl.DataFrame) -> list[bool]:
    audiences = Audiences({"them": Audience(enter=rule)})
    return members(audiences, table, [None] * table.height)["them"].to_list()


comparisons = st.builds(
    "{} {} {}".format,
    st.sampled_from(["p_churn", "p_never", "expected_orders_28d"]),
    st.sampled_from(["<", "<=", ">", ">=", "==", "!="]),
    st.sampled_from(["0", "0.25", "0.5", "1.5", "-1", "2e0"]),
)
rules = st.recursive(
    comparisons,
    lambda inner: st.one_of(
        st.builds("not {}".format, inner.filter(lambda rule: rule[0] == "(")),
        st.builds("({})".format, inner),
        st.builds("{} and {}".format, inner, inner),
        st.builds("{} or {}".format, inner, inner),
    ),
    max_leaves=6,
)


@given(rules)
def test_a_rule_means_what_python_would_take_it_for(rule: str) -> None:
    table = scores({"a": 0.0, "b": 0.25, "c": 0.5, "d": 1.0})
    expected = [eval(rule, {}, row) for row in table.iter_rows(named=True)]
    assert holds(rule, table) == expected


def test_dates_are_read_in_the_zone_of_the_config() -> None:
    table = scores({"a": 0.5})  # its last event is of 12 June, 0:00 UTC
    for zone, expected in {"UTC": False, "America/New_York": True, "Asia/Tokyo": False}.items():
        audiences = Audiences({"them": Audience(enter="last_event_at < 2024-06-12")}, zone)
        assert members(audiences, table, [None])["them"].to_list() == [expected], zone
    assert holds("last_event_at < 2024-06-12T00:00:01Z", table) == [True]


def test_without_a_value_no_comparison_holds() -> None:
    table = scores({"a": 0.5})  # who never ordered
    assert holds("quiet_days < 10 or quiet_days >= 10", table) == [False]
    assert holds("not quiet_days >= 0", table) == [True]


def test_a_member_stays_until_exit_holds_and_nobody_flaps_in_between() -> None:
    audiences = Audiences({"them": Audience(enter="p_churn > 0.7", exit="p_churn < 0.6")})
    before, way = None, []
    for risk in (0.65, 0.75, 0.65, 0.69, 0.6, 0.59, 0.65, 0.71):
        [inside] = members(audiences, scores({"a": risk}), [before])["them"]
        before = ["them"] if inside else []
        way.append(inside)
    assert way == [False, True, True, True, True, False, False, True]


def test_asked_again_with_the_same_scores_nobody_moves() -> None:
    audiences = Audiences({"them": Audience(enter="p_churn > 0.5", exit="p_churn > 0.8")})
    table = scores({"a": 0.4, "b": 0.6, "c": 0.9})
    first = members(audiences, table, [["them"], None, []])
    again = members(audiences, table, [["them"] if m else [] for m in first["them"]])
    assert first.equals(again)
    assert first["them"].to_list() == [True, True, True]  # enter goes before exit


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (
            "p_never > 0 and p_chrun > 1",
            "no column p_chrun. Did you mean p_churn. It stands at cha",
        ),
        ("p_never > 0 and p_chrun > 1", "character 17 in 'p_never > 0 and p_chrun > 1'"),
        ("zzz > 1", "there is no column zzz. There are customer_id, as_of"),
        ("p_churn > 2024-01-01", "p_churn holds a number, and 2024-01-01 is a time. Compare anoth"),
        ("last_event_at > 3", "last_event_at holds a time, and 3.0 is a number"),
        ("model_version == 3", "model_version holds a text, and 3.0 is a number"),
    ],
)
def test_a_column_that_cannot_be_compared_is_told_with_its_place(rule: str, words: str) -> None:
    audiences = Audiences({"them": Audience(enter="p_churn > 0.5", exit=rule)})
    table = scores({"a": 0.5})
    with pytest.raises(ConfigError, match=r"^\[audiences\] them.exit: ") as caught:
        members(audiences, table, [None])
    assert words.replace("p_churn. It", "p_churn? It") in str(caught.value)
