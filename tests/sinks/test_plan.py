"""Which rows are worth a message, and what a message says."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import polars as pl
import pytest

from seqchurn.config.audiences import Audience
from seqchurn.config.deliveries import Delivery
from seqchurn.errors import ConfigError
from seqchurn.sinks import Audiences, Delivered, Plan, plan
from tests.sinks.tables import DAY, scores

LIKELY = Audiences({"likely": Audience(enter="p_churn > 0.7", exit="p_churn < 0.6")})
THIRDS = {"of": "p_churn", "cuts": [0.3, 0.6]}


@pytest.fixture
def planned(delivery: Callable[..., Delivery]) -> Callable[..., Plan]:
    def make(
        table: pl.DataFrame,
        delivered: pl.DataFrame = Delivered.EMPTY,
        *,
        name: str = "crm",
        audiences: Audiences = LIKELY,
        **changes: Any,
    ) -> Plan:
        section = delivery(**{"kind": "csv", "path": "x", "bands": THIRDS, **changes})
        return plan(name, section, table.lazy(), delivered, audiences=audiences)

    return make


def told(made: Plan, audiences: Audiences = LIKELY) -> pl.DataFrame:
    """The state after a plan was delivered."""
    listed = made.messages.with_columns(
        audiences=audiences.listed(), form=pl.lit(made.form), sure=True
    )
    return listed.select(Delivered.EMPTY.columns)


def test_a_cut_belongs_to_the_band_below_it(planned: Callable[..., Plan]) -> None:
    table = scores({"a": 0.0, "b": 0.3, "c": 0.31, "d": 0.6, "e": 0.7, "f": 1.0})
    assert planned(table).messages["band"].to_list() == [1, 1, 2, 2, 3, 3]


def test_without_cuts_every_whole_percent_is_a_band(planned: Callable[..., Plan]) -> None:
    table = scores({f"c{n}": n / 1000 for n in range(1000)})
    by_rank = planned(table, bands={}).messages["band"].to_list()
    assert by_rank == [1 + n // 10 for n in range(1000)]
    by_risk = planned(scores({"a": 0.0, "b": 0.125, "c": 1.0}), bands={"of": "p_churn"})
    assert by_risk.messages["band"].to_list() == [1, 13, 100]


def test_whom_nobody_was_told_of_is_worth_a_message(planned: Callable[..., Plan]) -> None:
    table = scores({"a": 0.1, "b": 0.9})
    made = planned(table)
    assert made.messages["customer_id"].to_list() == ["a", "b"]
    assert (made.rows, made.members) == (2, {"likely": 1})


def test_after_it_was_delivered_nothing_is_worth_a_message(planned: Callable[..., Plan]) -> None:
    table = scores({"a": 0.1, "b": 0.9, "c": 0.65})
    again = planned(table, told(planned(table)))
    assert (again.messages.height, again.rows, again.members) == (0, 3, {"likely": 1})


def test_who_moves_within_band_and_audience_is_not_worth_a_message(
    planned: Callable[..., Plan],
) -> None:
    first = planned(scores({"band": 0.1, "within": 0.1, "in": 0.65, "out": 0.75, "stays": 0.75}))
    later = scores({"band": 0.4, "within": 0.2, "in": 0.8, "out": 0.58, "stays": 0.65})
    made = planned(later, told(first))
    assert made.messages["customer_id"].to_list() == ["band", "in", "out"]
    assert made.messages["likely"].to_list() == [False, True, False]
    assert made.members == {"likely": 2}


def test_who_may_have_been_told_something_newer_is_told_again(
    planned: Callable[..., Plan],
) -> None:
    table = scores({"a": 0.1, "b": 0.65})
    unsure = told(planned(table)).with_columns(sure=pl.col("customer_id") != "b")
    stays = unsure.with_columns(audiences=pl.lit(["likely"]))
    made = planned(table, stays.filter(~pl.col("sure")))
    assert made.messages.filter(customer_id="b")["likely"].item()  # what was known still counts
    assert planned(table, unsure).messages["customer_id"].to_list() == ["b"]


def test_who_leaves_the_table_is_told_of_a_last_time_if_in_an_audience(
    planned: Callable[..., Plan],
) -> None:
    inverse = Audiences({**LIKELY.sections, "calm": Audience(enter="not p_churn > 0.2")})
    first = told(planned(scores({"a": 0.1, "b": 0.4, "c": 0.9}), audiences=inverse), inverse)
    rest = scores({"z": 0.5}, as_of=DAY + timedelta(days=1))
    made = planned(rest, first, audiences=inverse)
    assert (made.rows, made.gone, made.members) == (1, 2, {"calm": 0, "likely": 0})
    last = made.messages.filter(pl.col("customer_id") != "z")
    assert last["customer_id"].to_list() == ["a", "c"]  # b was in none
    assert last["as_of"].unique().to_list() == [DAY + timedelta(days=1)]
    assert last.select("likely", "calm").unique().rows() == [(False, False)]
    known = ["customer_id", "as_of", "likely", "calm", "message_id"]
    assert last.drop(known).null_count().row(0) == (2,) * (last.width - len(known))
    assert last["message_id"].n_unique() == 2
    after = pl.concat([first.filter(customer_id="b"), told(made, inverse)])
    assert planned(rest, after, audiences=inverse).messages.height == 0


def test_who_may_have_been_told_of_and_has_no_row_is_told_of_a_last_time(
    planned: Callable[..., Plan],
) -> None:
    first = told(planned(scores({"a": 0.1, "b": 0.1})))
    unknown = pl.lit(None, pl.List(pl.String))  # first told of by a run that was killed
    unsure = first.with_columns(sure=pl.col("customer_id") != "a", audiences=unknown)
    made = planned(scores({"z": 0.5}), unsure)
    assert made.messages["customer_id"].to_list() == ["z", "a"]


def test_an_audience_that_is_new_in_the_config_is_told_of_everybody_once(
    planned: Callable[..., Plan],
) -> None:
    table = scores({"a": 0.1, "b": 0.9})
    both = Audiences({**LIKELY.sections, "calm": Audience(enter="p_churn < 0.2")})
    made = planned(table, told(planned(table)), audiences=both)
    assert made.messages["customer_id"].to_list() == ["a", "b"]
    assert made.messages.select("calm", "likely").rows() == [(True, False), (False, True)]
    assert planned(table, told(made, both), audiences=both).messages.height == 0


@pytest.mark.parametrize(
    "change",
    [
        {"audiences": Audiences({})},
        {"columns": ["p_churn"]},
        {"bands": {**THIRDS, "cuts": [0.3, 0.65]}},  # nobody is in another
        {"bands": {"of": "churn_percentile", "cuts": [40, 90]}},
    ],
)
def test_another_form_is_told_of_everybody_and_another_rule_is_not(
    change: dict[str, Any], planned: Callable[..., Plan]
) -> None:
    table = scores({"a": 0.1, "b": 0.2, "c": 0.9})
    before = told(planned(table))
    assert planned(table, before, **change).messages["customer_id"].to_list() == ["a", "b", "c"]
    same = Audiences({"likely": Audience(enter="p_churn > 0.8")})
    assert planned(table, before, audiences=same).messages.height == 0


def test_who_is_asked_anew_for_the_form_stays_a_member(planned: Callable[..., Plan]) -> None:
    first = told(planned(scores({"a": 0.9})))
    made = planned(scores({"a": 0.65}), first, columns=["p_churn"])
    assert made.messages["likely"].to_list() == [True]


def test_the_order_of_audiences_in_the_config_changes_nothing(
    planned: Callable[..., Plan],
) -> None:
    table = scores({"a": 0.1, "b": 0.9})
    one = Audiences({**LIKELY.sections, "calm": Audience(enter="p_churn < 0.2")})
    other = Audiences(dict(reversed(one.sections.items())))
    assert planned(table, audiences=one).messages.equals(planned(table, audiences=other).messages)


def test_without_audiences_rows_have_none(planned: Callable[..., Plan]) -> None:
    nobody = Audiences({})
    table = scores({"a": 0.1, "b": 0.9})
    made = planned(table, audiences=nobody)
    assert made.messages.columns[-2:] == ["band", "message_id"]
    assert made.members == {}
    assert planned(table, told(made, nobody), audiences=nobody).messages.height == 0


def test_the_columns_are_those_of_the_config(planned: Callable[..., Plan]) -> None:
    table = scores({"a": 0.1})
    names = ["customer_id", "as_of", "p_never", "band", "likely", "message_id"]
    assert planned(table, columns=["p_never", "as_of", "p_never"]).messages.columns == names
    every = [*table.columns, "band", "likely", "message_id"]
    assert planned(table).messages.columns == every


@pytest.mark.parametrize(
    ("column", "words"),
    [
        ("p_chrun", "columns: the score table has no p_chrun. Did you mean p_churn?"),
        ("zzz", "columns: the score table has no zzz. There are customer_id, as_of, "),
    ],
)
def test_a_column_that_there_is_not_is_told(
    column: str, words: str, planned: Callable[..., Plan]
) -> None:
    with pytest.raises(ConfigError, match=r"\[deliveries\] crm.columns: ") as caught:
        planned(scores({"a": 0.1}), columns=[column])
    assert words in str(caught.value)


def test_the_id_of_a_message_is_that_of_its_content(planned: Callable[..., Plan]) -> None:
    table = scores({"a": 0.1, "b": 0.9})
    ids = planned(table).messages["message_id"].to_list()
    assert planned(table.reverse()).messages["message_id"].to_list() == ids[::-1]
    variants = [
        planned(table, name="other"),
        planned(scores({"a": 0.1, "b": 0.9}, as_of=DAY + timedelta(days=1))),
        planned(scores({"a": 0.11, "b": 0.91})),
        planned(table, columns=["p_churn"]),
        planned(scores({"A": 0.1, "B": 0.9})),
    ]
    every = ids + [one for made in variants for one in made.messages["message_id"]]
    assert len(set(every)) == len(every)
    parsed = [uuid.UUID(one) for one in every]
    assert {one.version for one in parsed} == {8}
    assert {one.variant for one in parsed} == {uuid.RFC_4122}
    assert [str(one) for one in parsed] == every


def test_the_id_of_a_message_by_hand(planned: Callable[..., Plan]) -> None:
    made = planned(scores({"a": 0.25}), columns=["p_churn"])
    text = (
        '{"delivery":"crm","customer_id":"a","as_of":"2024-06-15T00:00:00+00:00","p_churn":0.25,'
        '"band":1,"likely":false}'
    )
    sha = hashlib.sha256(text.encode()).hexdigest()
    expected = f"{sha[:8]}-{sha[8:12]}-8{sha[13:16]}-8{sha[17:20]}-{sha[20:32]}"
    assert made.messages["message_id"].item() == expected
