"""Facts and chapters of charts and tables -> one HTML page that needs nothing beside it.

No script, no font and no picture is fetched: charts are drawn to SVG inside the page. It follows
the light or dark mode of the reader, and on a narrow screen wide tables stack their cells and
charts keep their size: they scroll inside their boxes.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

import altair as alt

from seqchurn.console import cell_text
from seqchurn.inspection import Section
from seqchurn.plots.saving import save_chart

__all__ = ["Chapter", "page"]

AnyChart = alt.Chart | alt.LayerChart | alt.ConcatChart | alt.VConcatChart | alt.FacetChart

_MOST_NARROW_COLUMNS, _MOST_COLUMNS = 4, 7
"""Of a table beside others on a narrow screen, and on a wide one."""
_NUMBER = re.compile(r"[-+0-9.,%]*")

_STYLE = """
:root { color-scheme: light dark; --ink: #1b1b1b; --faint: #666; --line: #ddd; --page: #fff; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e8e8e8; --faint: #a0a0a0; --line: #3a3a3a; --page: #16181b; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1rem; max-width: 80rem; background: var(--page);
  color: var(--ink); font: 15px/1.45 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.4rem; margin: 0 0 .5rem; }
h2 { font-size: 1.2rem; margin: 2rem 0 .4rem; }
h3 { font-size: 1.05rem; margin: 0 0 .4rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem 1rem; margin: 0; }
dt, section p { color: var(--faint); }
dd { margin: 0; }
p { margin: .4rem 0 0; max-width: 46rem; }
.charts { display: grid; gap: 1.2rem; margin: 1.5rem 0;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 30rem), 1fr)); }
.charts svg { width: 100%; height: auto; max-height: 26rem; overflow: visible; }
.alone svg { width: auto; max-height: none; max-width: min(100%, 64rem); }
.charts text { fill: var(--ink); }
.charts .role-axis-grid line { stroke: var(--line); }
.tables { columns: 34rem; column-gap: 2.5rem; margin: .8rem 0 0; }
section { break-inside: avoid; margin: 0 0 1.5rem; overflow-x: auto; overflow-wrap: break-word; }
.whole { column-span: all; margin-top: 1.5rem; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { padding: .15rem .5rem .15rem 0; text-align: left; vertical-align: top;
  border-bottom: 1px solid var(--line); }
th { color: var(--faint); font-weight: 500; }
.number { text-align: right; white-space: nowrap; }
@media (max-width: 640px) {
  .charts > div { overflow-x: auto; }
  .charts svg { width: auto; max-width: none; max-height: none; }
  .wide thead { display: none; }
  .wide tr { display: block; padding: .4rem 0; border-bottom: 2px solid var(--line); }
  .wide td { display: flex; justify-content: space-between; gap: 1rem; text-align: right;
    border: 0; padding: 0; }
  .wide td::before { content: attr(data-head); color: var(--faint); text-align: left; }
}
"""


@dataclass(frozen=True)
class Chapter:
    """A part of a page. All texts may come from a log: they are escaped.

    Args:
        title: Its heading; empty for none.
        text: Paragraphs below it.
        charts: Drawn side by side where there is room.
        sections: Tables below the charts.
    """

    title: str = ""
    text: Sequence[str] = ()
    charts: Sequence[AnyChart] = ()
    sections: Sequence[Section] = ()


def page(title: str, *, facts: Mapping[str, str], chapters: Iterable[Chapter]) -> str:
    """The page as text.

    Args:
        title: Its heading.
        facts: What to say first: a word each, and what is said of it.
        chapters: All else, in order.
    """
    said = "".join(
        f"<dt>{escape(word)}</dt><dd>{escape(fact)}</dd>" for word, fact in facts.items()
    )
    body = "\n".join(map(_chapter, chapters))
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>\n"
        f"<body><h1>{escape(title)}</h1><dl>{said}</dl>\n{body}</body></html>\n"
    )


def _chapter(chapter: Chapter) -> str:
    heading = f"<h2>{escape(chapter.title)}</h2>" if chapter.title else ""
    text = "".join(f"<p>{escape(paragraph)}</p>" for paragraph in chapter.text)
    drawn = "".join(f"<div>{_svg(chart)}</div>" for chart in chapter.charts)
    kind = "charts alone" if len(chapter.charts) == 1 else "charts"
    charts = f'<div class="{kind}">{drawn}</div>' if drawn else ""
    tables = "".join(map(_section, chapter.sections))
    return f'{heading}{text}{charts}\n<div class="tables">{tables}</div>'


def _svg(chart: AnyChart) -> str:
    """A chart as SVG without a background of its own."""
    clear = chart.configure(background="transparent").configure_view(stroke=None)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "chart.svg"
        save_chart(clear, path)
        return path.read_text(encoding="utf-8")


def _section(section: Section) -> str:
    notes = "".join(f"<p>{escape(note)}</p>" for note in section.notes)
    table = _table(section) if section.rows else ""
    heading = f"<h3>{escape(section.title)}</h3>" if section.title else ""
    whole = ' class="whole"' if len(section.headers) > _MOST_COLUMNS else ""
    return f"<section{whole}>{heading}{table}{notes}</section>"


def _table(section: Section) -> str:
    heads = [head.strip() for head in section.headers]
    wide = ' class="wide"' if len(heads) > _MOST_NARROW_COLUMNS else ""
    cells = [[cell_text(cell).strip() for cell in row] for row in section.rows]
    numeric = [all(map(_NUMBER.fullmatch, column)) for column in zip(*cells, strict=True)]
    style = ["", *(' class="number"' if right else "" for right in numeric[1:])]
    head = "".join(f"<th{s}>{escape(h)}</th>" for h, s in zip(heads, style, strict=True))
    rows = "".join(
        "<tr>"
        + "".join(
            f'<td{s} data-head="{escape(h)}">{escape(cell)}</td>'
            for cell, h, s in zip(row, heads, style, strict=True)
        )
        + "</tr>"
        for row in cells
    )
    return f"<table{wide}><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
