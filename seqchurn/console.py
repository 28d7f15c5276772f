"""Rows -> what people see of them on stdout."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

__all__ = ["cell_text", "preformatted", "table"]


def table(rows: Sequence[Sequence[object]], headers: Sequence[str]) -> str:
    """Rows as aligned text, numbers to the right and whole ones with thousands separators.

    >>> print(table([["orders", 1234], ["views", 56]], ["event", "rows"]))
    event    rows
    ------  -----
    orders  1,234
    views      56
    """
    cells = [[cell_text(value) for value in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(headers, *cells, strict=True)]
    numeric = [
        bool(rows) and all(value is None or _is_number(value) for value in column)
        for column in (zip(*rows, strict=True) if rows else [[]] * len(headers))
    ]
    lines = [list(headers), ["-" * width for width in widths], *cells]
    return "\n".join(
        "  ".join(
            text.rjust(width) if right else text.ljust(width)
            for text, width, right in zip(line, widths, numeric, strict=True)
        ).rstrip()
        for line in lines
    )


def cell_text(value: object) -> str:
    """A value as it stands in a table.

    >>> cell_text(1234), cell_text(0.123456), cell_text(None)
    ('1,234', '0.1235', '-')
    """
    if value is None:
        return "-"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def preformatted(text: str) -> str:
    """HTML that shows a text as a terminal would, for a notebook.

    >>> preformatted("a < b")
    '<pre>a &lt; b</pre>'
    """
    return f"<pre>{escape(text)}</pre>"
