"""Numbers and texts of a log -> words that fit a line."""

from __future__ import annotations

__all__ = ["duration", "plain", "share"]

_SECONDS = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}
_LONGEST = 24


def share(part: int, whole: int) -> str:
    """A share in percent, of nothing a dash.

    >>> share(1, 8), share(0, 0)
    ('12.5%', '-')
    """
    return f"{part / whole:.1%}" if whole else "-"


def duration(days: float) -> str:
    """A length in whole seconds as a config takes it, in the longest unit that divides it.

    >>> duration(90.0), duration(0.5), duration(1 / 48)
    ('90d', '12h', '30m')
    """
    seconds = round(days * _SECONDS["d"])
    unit = next(unit for unit, length in _SECONDS.items() if seconds % length == 0)
    return f"{seconds // _SECONDS[unit]}{unit}"


def plain(text: str) -> str:
    r"""A text of the log on one line, cut, and without what a terminal would obey.

    >>> plain("a\x1b[2J" + "b" * 30)
    'a?[2Jbbbbbbbbbbbbbbbbbb…'
    """
    printable = "".join(c if c.isprintable() else "?" for c in text)
    return printable if len(printable) <= _LONGEST else f"{printable[: _LONGEST - 1]}…"
