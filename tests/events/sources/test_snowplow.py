"""Snowplow's enriched events, held against Snowplow's own SDK."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml
from pydantic import TypeAdapter
from snowplow_analytics_sdk.event_transformer import ENRICHED_EVENT_FIELD_TYPES, transform

from seqchurn.config.sources import SnowplowSource
from seqchurn.errors import ConfigError
from seqchurn.events.sources import read
from seqchurn.events.sources.snowplow_columns import COLUMNS
from tests.documents import ROOT
from tests.snowplow_shop import contexts, draw_lines, line, self_describing

JSON_FIELDS = {"unstruct_event", "contexts", "derived_contexts"}

EVENT = {
    "event_id": "e1",
    "event_name": "page_view",
    "user_id": "u",
    "domain_userid": "d",
    "collector_tstamp": "2024-01-01 10:00:01.000",
    "derived_tstamp": "2024-01-01 10:00:00.123",
}


def source_of(path: Path, **changes: Any) -> SnowplowSource:
    config = {"name": "web", "kind": "snowplow", "path": str(path), **changes}
    return TypeAdapter(SnowplowSource).validate_python(config)


def attributes_of(*columns: str) -> dict[str, Any]:
    return {f"a{n}": {"column": column, "type": "category"} for n, column in enumerate(columns)}


@pytest.fixture
def raw(tmp_path: Path) -> Callable[..., pl.DataFrame]:
    """Raw frame of some columns of some lines."""

    def raw_of(lines: list[str], *columns: str, tolerant: bool = False) -> pl.DataFrame:
        file = tmp_path / "log.tsv"
        file.write_text("\n".join(lines) + "\n", encoding="utf-8")
        source = source_of(file, attributes=attributes_of(*columns))
        (found,) = read(source, [file], scratch=tmp_path / "scratch", tolerant=tolerant)
        return found.frame.collect()

    return raw_of


@pytest.fixture
def web(run: Callable[..., Any], tmp_path: Path) -> Callable[..., Any]:
    """Ingest lines with a source that only has a name, a kind and a path; keywords add to it."""

    def ingest_lines(lines: list[str] | bytes, **changes: Any) -> Any:
        text = lines if isinstance(lines, bytes) else "".join(f"{one}\n" for one in lines).encode()
        (tmp_path / "web.tsv").write_bytes(text)
        return run(
            {"name": "web", "kind": "snowplow", "path": str(tmp_path / "web.tsv"), **changes}
        )

    return ingest_lines


def full_line() -> str:
    """An event with something in each of the 131 fields, as Snowplow types them."""
    values: dict[str, Any] = {}
    for number, (name, convert) in enumerate(ENRICHED_EVENT_FIELD_TYPES):
        values[name] = {
            "convert_int": number,
            "convert_double": -number / 8,
            "convert_bool": number % 2,
            "convert_tstamp": f"2024-02-29 23:59:{number % 60:02}.{number:03}",
        }.get(convert.__name__, f'"{name}" é\\t {number}')
    values["unstruct_event"] = self_describing("com.acme-corp/addToCart/1-10-2", {"total": 9.5})
    values["contexts"] = contexts(
        ("com.acme/product/1-0-0", {"sku": "a", "cats": ["x"]}),
        ("com.acme/customer/2-0-1", {"id": 7, "name": "Zoë"}),
        ("com.acme/product/1-0-1", {"sku": "b"}),
    )
    values["derived_contexts"] = contexts(("org.w3/PerformanceTiming/1-0-0", {"start": 1.5}))
    return line(**values)


def same(ours: str | None, theirs: Any, name: str) -> bool:
    """Whether our text means what the SDK made of the field."""
    if ours is None:
        return False
    if name.endswith("_tstamp"):
        return datetime.fromisoformat(ours).replace(tzinfo=UTC) == datetime.fromisoformat(theirs)
    if isinstance(theirs, bool):
        return ours == str(int(theirs))
    if isinstance(theirs, (int, float)):
        return float(ours) == theirs
    return (ours if isinstance(theirs, str) else json.loads(ours)) == theirs


def test_the_columns_are_those_of_the_sdk_in_its_order() -> None:
    assert list(COLUMNS) == [name for name, _ in ENRICHED_EVENT_FIELD_TYPES]
    assert len(COLUMNS) == 131


@pytest.mark.parametrize("tolerant", [False, True])
def test_every_field_is_what_the_sdk_makes_of_it(
    tolerant: bool, raw: Callable[..., pl.DataFrame]
) -> None:
    lines = [full_line(), line(), *draw_lines(2_000)[::10]]
    events = [transform(text, add_geolocation_data=False) for text in lines]
    described = sorted({name for event in events for name in event} - set(COLUMNS))
    assert {name.partition("_")[0] for name in described} == {"unstruct", "contexts"}
    frame = raw(lines, *COLUMNS, *described, tolerant=tolerant)
    assert events[0].keys() - set(described) == set(COLUMNS) - JSON_FIELDS  # all fields are filled
    for event, row in zip(events, frame.select(*COLUMNS, *described).to_dicts(), strict=True):
        found = {name for name, text in row.items() if text is not None}
        assert found - JSON_FIELDS == event.keys()
        assert [name for name in event if not same(row[name], event[name], name)] == []


def test_a_model_version_is_a_column_and_its_revisions_share_it(
    raw: Callable[..., pl.DataFrame],
) -> None:
    versions = ["1-0-0", "1-0-1", "2-0-0"]
    lines = [line(unstruct_event=self_describing(f"a.b/order/{v}", {"v": v})) for v in versions]
    frame = raw(lines, "unstruct_event_a_b_order_1", "unstruct_event_a_b_order_2")
    assert frame["unstruct_event_a_b_order_1"].to_list() == [
        '{"v": "1-0-0"}',
        '{"v": "1-0-1"}',
        None,
    ]
    assert frame["unstruct_event_a_b_order_2"].to_list() == [None, None, '{"v": "2-0-0"}']


def test_a_schema_whose_name_begins_alike_is_another_column(
    raw: Callable[..., pl.DataFrame],
) -> None:
    entries = [("a.b/item/1-0-0", 1), ("a.b/items/1-0-0", 2), ("a.b/item/10-0-0", 3)]
    lines = [line(contexts=contexts(*entries))]
    frame = raw(lines, "contexts_a_b_item_1", "contexts_a_b_items_1", "contexts_a_b_item_10")
    assert frame.select(pl.col("^contexts_.*$")).row(0) == ("[1]", "[2]", "[3]")


def test_entries_that_describe_nothing_count_for_nothing(raw: Callable[..., pl.DataFrame]) -> None:
    good = json.loads(contexts(("a.b/item/1-0-0", {"n": 1})))
    good["data"] += [
        1,
        None,
        {"schema": "iglu:a.b/item/jsonschema/1-0-0"},
        {"schema": 5, "data": 6},
    ]
    frame = raw([line(contexts=json.dumps(good))], "contexts_a_b_item_1")
    assert frame["contexts_a_b_item_1"].to_list() == ['[{"n": 1}]']


def test_ten_lines_of_config_are_enough(web: Callable[..., Any]) -> None:
    order = self_describing("com.acme/order/1-0-0", {"total": 12.5, "lines": [{"n": 2}]})
    done = web(
        [
            line(**EVENT),
            line(**EVENT),  # delivered twice
            line(**{**EVENT, "event_id": "e2", "user_id": "", "derived_tstamp": ""}),
            line(**{**EVENT, "event_id": "e3", "event_name": "order"}, unstruct_event=order),
        ],
        attributes={
            "total": {"column": "unstruct_event_com_acme_order_1.total"},
            "n": {"column": "unstruct_event_com_acme_order_1.lines.0.n"},
        },
    )
    at = datetime(2024, 1, 1, 10, 0, 0, 123_000, UTC)
    arrived = datetime(2024, 1, 1, 10, 0, 1, 0, UTC)
    assert done.table.rows() == [
        ("d", arrived, "page_view", "web:e2", None, None),
        ("u", at, "page_view", "web:e1", None, None),
        ("u", at, "order", "web:e3", 12.5, 2.0),
    ]
    assert (done.report.read, done.report.duplicate, done.report.kept) == (4, 1, 3)


def test_structured_events_may_be_told_by_their_action(web: Callable[..., Any]) -> None:
    label = json.dumps({"order": {"total": 5}})
    struct = {**EVENT, "event_name": "event", "se_action": "buy", "se_label": label}
    done = web(
        [line(**struct), line(**{**EVENT, "event_id": "e2"})],
        event_type_column="se_action_or_event_name",
        attributes={"total": {"column": "se_label.order.total"}},
    )
    assert done.table.select("event_type", "total").rows() == [("buy", 5.0), ("page_view", None)]


def test_a_literal_type_goes_with_a_condition(web: Callable[..., Any]) -> None:
    lines = [line(**EVENT), line(**{**EVENT, "event_id": "e2", "event_name": "order"})]
    done = web(lines, event_type="visit", where="event_name = 'page_view'")
    assert done.table["event_type"].to_list() == ["visit"]
    assert done.report.filtered == 1


def test_quotes_mean_nothing_and_line_ends_of_any_kind_and_gzip_are_read(
    web: Callable[..., Any], run: Callable[..., Any], tmp_path: Path
) -> None:
    title = {"page_title": '"unbalanced', "page_url": '""'}
    lines = [line(**{**EVENT, "event_id": f"e{n}"}, **title) for n in range(3)]
    text = f"{lines[0]}\r\n\n{lines[1]}\n{lines[2]}".encode()
    kept = {"attributes": attributes_of("page_title", "page_url")}
    done = web(text, **kept)
    assert done.table.select("a0", "a1").rows() == [('"unbalanced', '""')] * 3
    assert done.report.read == 3
    (tmp_path / "log.tsv.gz").write_bytes(gzip.compress(text))
    packed = run({"name": "web", "kind": "snowplow", "path": str(tmp_path / "*.gz"), **kept})
    assert packed.table.equals(done.table)


ORDER = {**EVENT, "unstruct_event": self_describing("a.b/order/1-0-0", {"n": 1})}


@pytest.mark.parametrize(
    ("damaged", "reason"),
    [
        (line(**ORDER) + "\t", "found 132, expected 131"),
        (line(**ORDER).removesuffix("\t"), "found 130, expected 131"),
        ("nonsense", "found 1, expected 131"),
        (line(**{**ORDER, "unstruct_event": '{"data": {"sch'}), "broken JSON in unstruct_event"),
        (line(**{**ORDER, "unstruct_event": "[1]"}), "broken JSON in unstruct_event"),
        (line(**{**ORDER, "page_title": "caf\udce9"}), "not UTF-8"),
    ],
)
@pytest.mark.parametrize("beside", ["", "\udce9"])
def test_a_damaged_line_costs_itself_only(
    damaged: str, reason: str, beside: str, web: Callable[..., Any]
) -> None:
    texts = [line(**ORDER), damaged, line(**{**ORDER, "event_id": "e2", "page_title": "\ufffd"})]
    if beside:
        texts.append(beside)  # a byte that is no UTF-8 makes all lines go the careful way
    text = "".join(f"{one}\n" for one in texts).encode(errors="surrogateescape")
    done = web(text, attributes={"n": {"column": "unstruct_event_a_b_order_1.n"}})
    assert done.table["event_id"].to_list() == ["web:e1", "web:e2"]
    assert done.table["n"].to_list() == [1.0, 1.0]
    assert done.refused["record"].to_list() == ([1, 3] if beside else [1])
    assert reason in done.refused["reason"][0]
    assert done.refused["raw"][0] == damaged.replace("\udce9", "\ufffd")[:2_000]
    report = done.report
    assert report.read == report.kept + report.duplicate + report.quarantined + report.filtered


def test_broken_json_that_nobody_reads_costs_nothing(web: Callable[..., Any]) -> None:
    assert web([line(**EVENT, contexts='{"data": [')]).report.kept == 1


def test_a_schema_that_no_event_has_names_the_nearest_one(web: Callable[..., Any]) -> None:
    lines = [line(**EVENT)] * 1_500 + [line(**ORDER)]
    for column, near in [
        ("unstruct_event_a_b_ordr_1.n", "unstruct_event_a_b_order_1"),
        ("usr_id", "user_id"),
    ]:
        with pytest.raises(ConfigError, match=rf"source web: there is no .*Did you mean {near}\?"):
            web(lines, attributes={"n": {"column": column}})


def test_the_config_that_the_documentation_shows_reads_the_shop(
    run: Callable[..., Any], tmp_path: Path
) -> None:
    text = (ROOT / "data" / "README.md").read_text(encoding="utf-8")
    [block] = [b for b in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL) if "snowplow" in b]
    [source] = yaml.safe_load(block)["events"]["sources"]
    lines = draw_lines(2_000)
    (tmp_path / "part.tsv").write_text("\n".join(lines), encoding="utf-8")
    done = run({**source, "path": str(tmp_path)})
    assert (done.report.read, done.report.events) == (2_000, 2_000)
    assert set(done.table["event_type"]) == {"page_view", "add_to_cart", "order"}
    filled = done.table.group_by("event_type").agg(pl.col("total", "price", "tier").count() > 0)
    assert sorted(filled.rows()) == [
        ("add_to_cart", False, True, False),
        ("order", True, False, True),
        ("page_view", False, False, False),
    ]


def test_the_folders_of_runs_are_a_column(run: Callable[..., Any], tmp_path: Path) -> None:
    for day in (1, 2):
        part = tmp_path / f"run=2024-01-0{day}" / "part-00000"
        part.parent.mkdir()
        part.write_text(line(**{**EVENT, "event_id": f"e{day}"}) + "\n")
    kept = {"run": {"column": "run", "type": "category"}}
    done = run({"name": "web", "kind": "snowplow", "path": str(tmp_path), "attributes": kept})
    assert done.table["run"].to_list() == ["2024-01-01", "2024-01-02"]
