"""seqchurn inspect: events table -> what is in it, as text and as a page with charts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import altair as alt

from seqchurn.commands.clock import clock_of, complete_until
from seqchurn.config import Config
from seqchurn.console import table
from seqchurn.files import replacing
from seqchurn.inspection import (
    CHURN_LEVEL,
    Contents,
    Mapped,
    Section,
    facts,
    read_contents,
    sections,
)
from seqchurn.plots import Chapter, events_chart, gap_chart, gap_histogram, orders_chart, page
from seqchurn.storage import BucketStore

__all__ = ["mapped_of", "run"]

_MOST_ROWS, _MOST_PERIODS = 14, 10
"""Rows of a table and of that by month on the terminal; the page has all."""


def run(config: Config) -> None:
    """Count what is in the events table, print it and write the page.

    Args:
        config: The whole config.

    Raises:
        ConfigError: If the config says that the log ends inside a step.
        DataError: If there is no events table, a damaged one, or one that lacks an attribute of
            the config.
        EnvironmentFailure: If the disk refuses.
    """
    events = BucketStore(config.store / "events" / config.name)
    contents = read_contents(events.snapshot(), mapped_of(config))
    _print_facts(facts(contents))
    _print_tables(sections(contents, most_periods=_MOST_PERIODS))
    file = config.store / "inspection" / config.name / "inspection.html"
    _write_page(file, config.name, contents)
    print(f"\npage  {file}")


def mapped_of(config: Config) -> Mapped:
    """What the config says of the events."""
    return Mapped(
        clock=clock_of(config),
        target=config.waits.target,
        attributes=config.events.attributes("number") + config.events.attributes("category"),
        static=config.events.static_attributes("number")
        + config.events.static_attributes("category"),
        complete_until=complete_until(config),
    )


def _print_facts(said: Mapping[str, str]) -> None:
    width = max(map(len, said))
    for word, fact in said.items():
        print(f"{word.ljust(width)}  {fact}")


def _print_tables(tables: Iterable[Section]) -> None:
    """The title takes the place of the first header, to save lines."""
    for section in tables:
        if not section.rows:
            print("\n" + ": ".join([section.title, *section.notes]))
            continue
        print("\n" + table(section.rows[:_MOST_ROWS], [section.title, *section.headers[1:]]))
        if len(section.rows) > _MOST_ROWS:
            print(f"and {len(section.rows) - _MOST_ROWS:,} more, on the page")
        for note in section.notes:
            print(note)


def _charts(contents: Contents) -> list[alt.Chart | alt.LayerChart]:
    """Of gaps only where a customer ordered twice."""
    gaps, step_days = contents.gaps, contents.mapped.clock.step_days
    charts: list[alt.Chart | alt.LayerChart] = [
        events_chart(contents.months),
        orders_chart(contents.customers_by_orders),
    ]
    if not gaps["ended"].sum():
        return charts
    curves = gap_chart(gaps, level=CHURN_LEVEL, step_days=step_days)
    return [*charts, gap_histogram(gaps, step_days=step_days), curves]


def _write_page(file: Path, name: str, contents: Contents) -> None:
    text = page(
        f"{name}: what is in the events",
        facts=facts(contents),
        chapters=[Chapter(charts=_charts(contents), sections=sections(contents))],
    )
    with replacing(file) as beside:
        beside.write_text(text, encoding="utf-8")
