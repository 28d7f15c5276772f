"""What a model learned from -> a data sheet in Markdown.

It answers, as far as a program can, what Gebru et al., "Datasheets for datasets" (Communications of
the ACM 64, 2021), ask of whoever hands on a data set. It holds counts and the names of the
commonest types of events: no row, no id and no value of an attribute.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from seqchurn.inspection import Section, quarantine_table, records_table
from seqchurn.inspection.words import plain
from seqchurn.plots import Chapter
from seqchurn.reporting.markdown import markdown_page

__all__ = ["LearnedFrom", "data_sheet"]

_MOST_TYPES = 20


@dataclass(frozen=True)
class LearnedFrom:
    """The data behind a version of a model.

    Args:
        title: Heading of the sheet.
        facts: What to say first: a word each, and what is said of it.
        events: Manifest of the events table; None where there is no such table any more.
        sources: By source its kind and what the config makes of it.
        attributes: Name, what it is of and, in words, what is known of its values.
    """

    title: str
    facts: Mapping[str, str]
    events: Mapping[str, Any] | None
    sources: Sequence[Sequence[object]]
    attributes: Sequence[Sequence[object]]


def data_sheet(data: LearnedFrom) -> str:
    """The sheet as Markdown."""
    return markdown_page(
        data.title,
        facts=data.facts,
        chapters=[_collected(data), _cleaned(data), _inside(data), _kept()],
    )


def _collected(data: LearnedFrom) -> Chapter:
    headers = ["source", "kind", "records become", "made of them"]
    return Chapter(
        "Where it comes from",
        ["Logs that the shop wrote for purposes of its own, read as config.yaml of this run says."],
        sections=[Section("", headers, data.sources)],
    )


def _cleaned(data: LearnedFrom) -> Chapter:
    text = [
        "read = kept + duplicate + quarantined + filtered. A record that cannot be believed is "
        "left out and kept aside with the reason; nothing is filled in or corrected.",
        "The counts are of the whole log on the day of the training, what came after the cutoff "
        "included.",
    ]
    if data.events is None:
        return Chapter("How it was cleaned", ["The table of events was gone by then."])
    tables = [records_table(data.events["sources"]), quarantine_table(data.events["quarantined"])]
    return Chapter("How it was cleaned", text, sections=tables)


def _inside(data: LearnedFrom) -> Chapter:
    types = dict(data.events["events_per_type"]) if data.events else {}
    rows = sorted(types.items(), key=lambda item: (-item[1], item[0]))
    shown = [[plain(kind), events] for kind, events in rows[:_MOST_TYPES]]
    if rest := rows[_MOST_TYPES:]:
        shown.append([f"{len(rest):,} others", sum(events for _, events in rest)])
    headers = ["attribute", "of", "values"]
    notes = [] if data.attributes else ["None: customers, times and types of events alone."]
    return Chapter(
        "What is in it",
        sections=[
            *([Section("Events by type", ["type", "events"], shown)] if shown else []),
            Section("Attributes that the model reads", headers, data.attributes, notes),
        ],
    )


def _kept() -> Chapter:
    return Chapter(
        "How it is kept",
        [
            "The weights hold no row of it, but what they say of a customer depends on what others "
            "did. seqchurn forget takes a person out of every table and names the versions that "
            "learned from them.",
            "Whether it may be used for this, how long, and what customers were told, the shop has "
            "to say: nothing in a log does.",
        ],
    )
