from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqchurn.errors import ConfigError
from seqchurn.events.sources.ndjson import scan_keys
from seqchurn.events.sources.paths import field_names, json_types, resolve

key = st.text(st.sampled_from("ab0 'é\"$,]:\\"), min_size=1, max_size=3)
leaf = st.none() | st.booleans() | st.integers(-(2**31), 2**31) | st.text(max_size=5)
tree = st.recursive(
    leaf, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(key, inner, max_size=3)
)
event = st.fixed_dictionaries({"p": tree}, optional={"q": tree})


def followed(value: Any, path: list[str]) -> Any:
    """What a path leads to, step by step, as the readers give it."""
    for step in path:
        if isinstance(value, list) and step.isdigit() and int(step) < len(value):
            value = value[int(step)]
        elif isinstance(value, dict) and not step.isdigit() and step in value:
            value = value[step]
        else:
            return None
    return value


def paths(value: Any) -> list[list[str]]:
    """All paths into a value that a name with dots can say."""
    items: list[tuple[str, Any]] = []
    if isinstance(value, dict):
        items = [(k, v) for k, v in value.items() if not k.isdigit()]
    elif isinstance(value, list):
        items = [(str(i), v) for i, v in enumerate(value)]
    return [[k, *rest] for k, v in items for rest in [[], *paths(v)]]


def said(value: Any) -> Any:
    """A value as text; nested ones stay what they are."""
    if isinstance(value, bool):
        return json.dumps(value)
    return str(value) if isinstance(value, int) else value


def unsaid(text: str | None, expected: Any) -> Any:
    return json.loads(text) if text is not None and isinstance(expected, dict | list) else text


def column(frame: pl.LazyFrame, name: str) -> list[Any]:
    return resolve(frame, [name]).select(name).collect()[name].to_list()


@given(events=st.lists(event, min_size=1, max_size=4), data=st.data())
@settings(max_examples=150, deadline=None)
def test_a_path_leads_where_python_goes(
    events: list[dict[str, Any]], data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    found = [["p"], *(["p", *path] for e in events for path in paths(e["p"]))]
    sayable = [p for p in found if not any("\\" in k or ("'" in k and '"' in k) for k in p)]
    path = data.draw(st.sampled_from(sayable))
    name = ".".join(path)
    values = [followed(e, path) for e in events]
    # JSON text in a column
    texts = pl.LazyFrame({"p": [json.dumps(e["p"]) for e in events]})
    if len(path) > 1:
        got = [unsaid(t, v) for t, v in zip(column(texts, name), values, strict=True)]
        assert got == [said(v) for v in values]
    # a file of objects, read line by line
    file = tmp_path_factory.mktemp("log") / "log.ndjson"
    file.write_text("".join(json.dumps(e) + "\n" for e in events), encoding="utf-8")
    slow = scan_keys(file, [name], ["p", "q"], tolerant=True).collect()[name]
    if not any(isinstance(v, dict | list) for v in values):
        assert slow.to_list() == [said(v) for v in values]
    # the same file all at once, unless its shape forbids it
    try:
        fast = scan_keys(file, [name], ["p", "q"]).collect()[name]
    except pl.exceptions.PolarsError:
        return
    assert fast.equals(slow)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("s.a", [1, None]),
        ("s.d.e", ["x", None]),
        ("s.text.k", ["v", None]),
        ("items.0.sku", ["p", None]),
        ("items.1.sku", ["q", None]),
        ("fixed.1", [2, 4]),
        ("nothing.a", [None, None]),
        ("s.with.dots", [9, None]),
    ],
)
def test_a_path_goes_through_structs_lists_and_text(name: str, expected: list[Any]) -> None:
    inner = {"a": 1, "d": {"e": "x"}, "text": '{"k": "v"}', "with.dots": 9}
    frame = pl.LazyFrame(
        {
            "s": [inner, None],
            "items": [[{"sku": "p"}, {"sku": "q"}], []],
            "fixed": [[1, 2], [3, 4]],
            "nothing": [None, None],
        },
        schema_overrides={"fixed": pl.Array(pl.Int64, 2)},
    )
    assert column(frame, name) == expected


def test_a_column_that_bears_the_name_goes_before_a_path() -> None:
    frame = pl.LazyFrame({"a": ['{"b": {"c": 1}}'], "a.b": ['{"c": 2}'], "a.b.c": ["3"]})
    assert column(frame, "a.b.c") == ["3"]
    assert column(frame.drop("a.b.c"), "a.b.c") == ["2"]
    assert column(frame.drop("a.b.c", "a.b"), "a.b.c") == ["1"]


@pytest.mark.parametrize(
    "name", ["x.y", "s.none", "items.sku", "n.a", "s.*", "t.back\\slash", "t.'\""]
)
def test_a_name_that_can_lead_nowhere_adds_no_column(name: str) -> None:
    frame = pl.LazyFrame({"s": [{"a": 1}], "items": [[1]], "n": [1], "t": ["{}"]})
    assert resolve(frame, [name]).collect_schema().names() == ["s", "items", "n", "t"]


def test_broken_json_in_a_text_column_is_null_and_the_record_goes_on() -> None:
    texts = ['{"a": 1}', '{"a": 1', "", "none", None, "[1]", "3", '{"a": null}', '{"a": 1} {']
    assert column(pl.LazyFrame({"t": texts}), "t.a") == ["1", *[None] * 8]


def test_only_what_is_asked_for_is_kept_of_json() -> None:
    names = ["user", "p.a", "p.items.0.sku", "p.items.1.price", "mixed.0", "mixed.b", "x.y", "x"]
    text = pl.String()
    assert json_types(names, ["user", "p", "mixed", "x", "other"]) == {
        "user": text,
        "p": pl.Struct({"a": text, "items": pl.List(pl.Struct({"sku": text, "price": text}))}),
        "mixed": text,
        "x": text,
        "other": text,
    }


def test_messages_name_the_paths_into_structs() -> None:
    schema = {"s": pl.Struct({"a": pl.Int8, "d": pl.Struct({"e": pl.Int8})})}
    lists = {"items": pl.List(pl.Struct({"sku": pl.String})), "n": pl.List(pl.Int8)}
    assert field_names({**schema, **lists}) == [
        *("s", "s.a", "s.d", "s.d.e"),
        *("items", "items.0.sku", "n"),
    ]


NESTED = {
    "who": {"id": "a", "mail": "a@b"},
    "when": {"at": "2020-01-01"},
    "what": {"type": "order", "id": "e1", "total": 12.5, "basket": "b1", "items": [{"sku": "s"}]},
}
MAPPING = {
    "customer_id": "who.id",
    "timestamp": "when.at",
    "event_type": None,
    "event_type_column": "what.type",
    "event_id": "what.id",
    "where": '"what.total" > 0',
    "attributes": {
        "amount": {"column": "what.total"},
        "first_sku": {"column": "what.items.0.sku", "type": "category"},
    },
}


def write_nested(rows: list[dict[str, Any]], file: Path) -> str:
    if file.suffix == ".ndjson":
        file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    elif file.suffix == ".csv":
        texts = [{k: json.dumps(v) for k, v in row.items()} for row in rows]
        pl.DataFrame(texts).write_csv(file)
    else:
        pl.DataFrame(rows).write_parquet(file)
    return str(file)


@pytest.mark.parametrize("kind", ["csv", "parquet", "ndjson"])
def test_paths_stand_wherever_a_column_is_named(
    kind: str, orders: Callable[..., Any], tmp_path: Path
) -> None:
    free = {**NESTED, "what": {**NESTED["what"], "total": -1.0, "id": "e2"}}
    (tmp_path / "skus.csv").write_text("sku,color\ns,red\n")
    lookup = {"path": str(tmp_path / "skus.csv"), "on": "what.items.0.sku", "key": "sku"}
    color = {"color": {"column": "color", "type": "category"}}
    done = orders(
        write_nested([NESTED, NESTED, free], tmp_path / f"log.{kind}"),
        kind=kind,
        **{**MAPPING, "attributes": {**MAPPING["attributes"], **color}},
        lookup={**lookup, "columns": ["color"]},
    )
    assert (done.report.duplicate, done.report.filtered) == (1, 1)
    (row,) = done.table.drop("timestamp").rows()
    assert row == ("a", "order", "orders:e1", 12.5, "s", "red")


@pytest.mark.parametrize("kind", ["csv", "parquet", "ndjson"])
def test_line_items_are_folded_by_a_path(
    kind: str, orders: Callable[..., Any], tmp_path: Path
) -> None:
    changes = {**MAPPING, "event_id": None, "fold_by": ["what.basket"]}
    changes["attributes"] = {"amount": {"column": "what.total", "fold": "sum"}}
    done = orders(write_nested([NESTED, NESTED], tmp_path / f"log.{kind}"), kind=kind, **changes)
    assert done.table["amount"].to_list() == [25.0]


@pytest.mark.parametrize(
    ("kind", "name", "message"),
    [
        ("parquet", "what.totl", r"no column what.totl. Did you mean what.total\?.*what.items.0"),
        ("ndjson", "wht.total", r"no column wht.total"),
        ("csv", "wht.total", r"no column wht.total. Did you mean what.total\?"),
    ],
)
def test_a_path_that_begins_nowhere_is_an_error(
    kind: str, name: str, message: str, orders: Callable[..., Any], tmp_path: Path
) -> None:
    changes = {**MAPPING, "attributes": {"amount": {"column": name}}}
    with pytest.raises(ConfigError, match=message):
        orders(write_nested([NESTED], tmp_path / f"log.{kind}"), kind=kind, **changes)
