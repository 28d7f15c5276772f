"""Chapters of tables and text -> a page in Markdown, as MLflow and code hosts show it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from seqchurn.console import cell_text
from seqchurn.inspection import Section
from seqchurn.plots import Chapter

__all__ = ["markdown_facts", "markdown_page"]

_MARKS = re.compile(r"([\\`*_{}\[\]<>|#~&@])|(?<=:)(/)(?=/)|(?<=www)(\.)")
_LIST = re.compile(r"^(\d*)([-+.)])")


def markdown_page(title: str, *, facts: Mapping[str, str], chapters: Iterable[Chapter]) -> str:
    """The page as text. All texts may come from a log: what Markdown would obey is escaped.

    Args:
        title: Its heading.
        facts: What to say first: a word each, and what is said of it.
        chapters: All else, in order; their charts are left out.
    """
    parts = [f"# {_plain(title)}", markdown_facts(facts), *map(_chapter, chapters)]
    return "\n\n".join(part for part in parts if part) + "\n"


def markdown_facts(facts: Mapping[str, str]) -> str:
    r"""A list of words and what is said of them.

    >>> print(markdown_facts({"events": "12 of <type>"}))
    - **events**: 12 of \<type\>
    """
    return "\n".join(f"- **{_plain(word)}**: {_plain(fact)}" for word, fact in facts.items())


def _chapter(chapter: Chapter) -> str:
    text = map(_paragraph, chapter.text)
    return "\n\n".join([f"## {_plain(chapter.title)}", *text, *map(_section, chapter.sections)])


def _section(section: Section) -> str:
    heading = [f"### {_plain(section.title)}"] if section.title else []
    rows = [section.headers, ["---"] * len(section.headers), *section.rows]
    table = ["\n".join(map(_row, rows))] if section.rows else []
    return "\n\n".join([*heading, *table, *map(_paragraph, section.notes)])


def _row(cells: Iterable[object]) -> str:
    return "| " + " | ".join(_plain(cell_text(cell)) for cell in cells) + " |"


def _plain(text: str) -> str:
    """On one line, without what a terminal or Markdown would obey; no address becomes a link."""
    printable = "".join(c if c.isprintable() else "?" for c in " ".join(text.split()))
    return _MARKS.sub(lambda found: f"\\{found[0]}", printable)


def _paragraph(text: str) -> str:
    """Not an item of a list, whatever it begins with."""
    return _LIST.sub(r"\1\\\2", _plain(text))
