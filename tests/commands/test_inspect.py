from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from seqchurn.commands.inspect import run
from seqchurn.config import Config
from seqchurn.errors import ConfigError, DataError
from seqchurn.storage import BucketStore
from tests.shop import Shop

LOG = """\
who,at,what,amount,channel
a,2020-01-01,order,1,web
a,2020-01-01,order,1,web
a,2020-01-04,order,3,shop
b,2020-01-03,order,,<b>
b,2020-02-10,view,,
c,2020-02-01,view,,
,2020-01-03,order,2,web
d,x,order,2,web
e,soon,order,2,web
"""

SOURCE: dict[str, Any] = {
    "name": "clicks",
    "kind": "csv",
    "customer_id": "who",
    "timestamp": "at",
    "timezone": "UTC",
    "event_type_column": "what",
    "max_bad_fraction": 1.0,
    "attributes": {
        "amount": {"column": "amount"},
        "channel": {"column": "channel", "type": "category"},
    },
}


@pytest.fixture
def tiny(tmp_path: Path) -> Callable[..., Config]:
    """A config with a log and its events; `waits` as given."""

    def made(**waits: Any) -> Config:
        from seqchurn.commands import prepare

        (tmp_path / "log.csv").write_text(LOG)
        source = {**SOURCE, "path": str(tmp_path / "log.csv")}
        sections = {"events": {"sources": [source], "buckets": 3}, "waits": waits}
        config = Config.model_validate({"name": "tiny", "store": str(tmp_path), **sections})
        prepare.run(config)
        return config

    return made


def test_an_end_of_the_log_inside_a_step_is_refused_as_by_train(
    tiny: Callable[..., Config],
) -> None:
    said = "[waits] complete_until 2020-02-01T05:00 lies inside a step of 1d. Choose the start of"
    with pytest.raises(ConfigError, match=re.escape(said)):
        run(tiny(complete_until="2020-02-01T05:00"))


def page_of(config: Config) -> str:
    return (config.store / "inspection" / config.name / "inspection.html").read_text("utf-8")


def test_what_is_in_the_events_is_said_by_hand_counted_numbers(
    tiny: Callable[..., Config], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tiny(complete_until="2020-02-01")
    capsys.readouterr()
    run(config)
    before, _, after = capsys.readouterr().out.partition("Records by source")
    assert before.splitlines() == [
        "span        2020-01-01 to 2020-02-10, 40 days",
        "customers   3; 33.3% without an order, 33.3% with one",
        "events      6 of 2 types",
        "end of log  2020-02-01, where open gaps are cut",
        "",
        "Events by type  events  share   customers  first       last",
        "--------------  ------  ------  ---------  ----------  ----------",
        "order                4   66.7%          2  2020-01-01  2020-01-04",
        "view                 2   33.3%          2  2020-02-01  2020-02-10",
        "",
        "Events by month  all  order  view",
        "---------------  ---  -----  ----",
        "2020-01            4      4     0",
        "2020-02            2      0     2",
        "",
        "Orders per customer      0      1      2    3-5   6-10   more",
        "-------------------  -----  -----  -----  -----  -----  -----",
        "customers                1      1      1      0      0      0",
        "share                33.3%  33.3%  33.3%   0.0%   0.0%   0.0%",
        "Orders of a customer in one step of 1d count as one.",
        "",
        "Days between orders  number  10%  25%  50%  75%  90%  95%  99%",
        "-------------------  ------  ---  ---  ---  ---  ---  ---  ---",
        "that ended                1    3    3    3    3    3    3    3",
        "all (Kaplan-Meier)        3    3    3    -    -    -    -    -",
        "-: longer than the log can tell.",
        "",
        "Churn horizon, suggested  what it means",
        "------------------------  " + "-" * 65,
        f"{'3d':24}  90% of the gaps that ended; ignores customers who never came back",
        f"{'-':24}  not within the log: 33% of all gaps end within 28d (Kaplan-Meier)",
        "",
        "Ties within a customer           number  events in them  share",
        "-------------------------------  ------  --------------  ------",
        "instants with several events          1               2   33.3%",
        "steps of 1d with several orders       1               2   50.0%",
        "",
    ]
    header, _, counts, *rest = after.splitlines()
    assert header.split()[:5] == ["read", "kept", "duplicate", "quarantined", "filtered"]
    assert counts.split()[:6] == ["clicks", "9", "6", "0", "3", "0"]
    assert rest == [
        "clicks: 1 records repeat another in all mapped columns and were kept; "
        "set duplicates: drop if they are no events of their own.",
        "",
        "Quarantine  refused for           records",
        "----------  --------------------  -------",
        "clicks      timestamp_unparsable        2",
        "clicks      customer_id_missing         1",
        "",
        "Attributes  of     missing  values  which",
        "----------  -----  -------  ------  --------------------------------",
        "amount      order   25.0%        -  1 to 3, mean 1.667",
        "channel     order    0.0%        3  web 50.0%, <b> 25.0%, shop 25.0%",
        "",
        f"page  {tmp_path}/inspection/tiny/inspection.html",
    ]


def test_the_page_needs_nothing_beside_it_and_shows_texts_of_the_log_as_texts(
    tiny: Callable[..., Config],
) -> None:
    config = tiny()
    run(config)
    page = page_of(config)
    assert page.count("<svg") == 4
    assert "&lt;b&gt; 25.0%" in page
    assert "<b>" not in page
    assert not re.findall(r"<script|<link|<img|\b(?:src|href)=|@import|url\(", page)
    assert "prefers-color-scheme: dark" in page
    run(config)
    assert page_of(config) == page


def test_a_log_without_the_target_is_shown_with_its_types(
    tiny: Callable[..., Config], capsys: pytest.CaptureFixture[str]
) -> None:
    config = tiny(target="purchase")
    run(config)
    out = capsys.readouterr().out
    assert "no orders   waits.target purchase never occurs; name one of the types below" in out
    assert "Churn horizon: No customer ordered twice: no gap to judge by." in out
    assert page_of(config).count("<svg") == 2  # none of gaps


def test_the_end_of_the_log_is_the_step_after_the_last_order_by_default(
    tiny: Callable[..., Config], capsys: pytest.CaptureFixture[str]
) -> None:
    run(tiny())
    assert "end of log  2020-01-05" in capsys.readouterr().out


def test_without_events_it_says_what_to_run(tmp_path: Path, tiny: Callable[..., Config]) -> None:
    config = tiny()
    elsewhere = config.model_copy(update={"name": "other"})
    with pytest.raises(DataError, match="there is no table in .*other.*Run seqchurn prepare"):
        run(elsewhere)
    store = BucketStore(tmp_path / "events" / "other")
    with store.publish():
        pass
    with pytest.raises(DataError, match="hold no event; expected at least one. Run seqchurn"):
        run(elsewhere)


def test_a_config_that_maps_more_than_was_prepared_is_refused(tiny: Callable[..., Config]) -> None:
    config = tiny()
    [source] = config.events.sources
    more = {**source.attributes, "colour": source.attributes["channel"]}
    changed = source.model_copy(update={"attributes": more})
    events = config.events.model_copy(update={"sources": [changed]})
    with pytest.raises(DataError, match="the events have no colour, which the config maps. Run"):
        run(config.model_copy(update={"events": events}))


def test_the_verb_runs_from_the_command_line_on_the_way_of_the_data(shop: Shop) -> None:
    assert shop.run("inspect").status == 3
    shop.must("prepare")
    said = shop.must("inspect")
    customers = shop.table("events").manifest()["n_customers"]
    assert f"customers   {customers}; " in said
    assert "country     customers" in said
    buckets = shop.again("one", events__buckets=1, store="other")
    buckets.must("prepare")
    assert without_places(buckets.must("inspect")) == without_places(said)


def without_places(said: str) -> str:
    return said.partition("\npage")[0]
