"""Texts of a log cannot become Markdown, and tables have as many cells in each row as heads."""

from __future__ import annotations

import re

from seqchurn.inspection import Section
from seqchurn.plots import Chapter
from seqchurn.reporting.markdown import markdown_page

NASTY = "- a|b <script>x</script>\n# [c](http://d) `e` *f* ~g~ &amp; www.h.i j@k.l \x1b[2J"


def page() -> str:
    table = Section(NASTY, ["name", "number"], [[NASTY, 1234], [None, 0.5]], [NASTY])
    return markdown_page(
        NASTY, facts={"word": NASTY}, chapters=[Chapter(NASTY, [NASTY], [], [table])]
    )


def test_what_markdown_would_obey_is_escaped_everywhere() -> None:
    bare = re.sub(r"\\.", "", page())  # without what is escaped
    assert not set("<>[]`") & set(bare)
    assert bare.count("*") == 4  # the stars of the one word
    assert not {"~", "&", "@", "\x1b"} & set(bare)
    assert "://" not in page()
    assert "www." not in page()
    assert sum(line.startswith("- ") for line in page().splitlines()) == 1  # the list of facts
    starts = [line.split(" ")[0] for line in page().splitlines() if line.startswith("#")]
    assert starts == ["#", "##", "###"]


def test_rows_have_a_cell_for_each_head() -> None:
    rows = [line for line in page().splitlines() if line.startswith("|")]
    assert [len(re.findall(r"(?<!\\)\|", row)) for row in rows] == [3, 3, 3, 3]
    assert rows[2].endswith("| 1,234 |")
    assert rows[3] == "| - | 0.5 |"


def test_a_table_without_rows_leaves_its_notes() -> None:
    table = Section("Refused", ["rule", "records"], [], ["No record was refused."])
    text = markdown_page("data", facts={}, chapters=[Chapter("Cleaned", sections=[table])])
    assert text == "# data\n\n## Cleaned\n\n### Refused\n\nNo record was refused.\n"
