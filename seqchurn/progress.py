"""How far long work has come -> one line on a terminal, rewritten in place.

    network 2 of 3, epoch 7 of 25:  41%|████      | 8.90M/21.4M, 164k events/s, 01:16 left

Whoever works says so (`work`) and counts, as he would log; the program decides whether it is seen
(`shown`), and nothing is written if it is not. The line shows the work that was begun last, after
what it is a part of. Drawn by tqdm, which needs no colours and no escape sequences.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import RLock
from typing import Any

__all__ = ["Work", "aside", "shown", "work"]

_EVERY = 0.2  # seconds between two drawings
_EXACT = 100_000  # totals from here on are rounded
_LINE = "{{desc}}: {{percentage:3.0f}}%|{{bar:-3}}| {}, {{rate_noinv_fmt}}, {{remaining}} left"
"""Shorter than the screen is wide: at its end a terminal writes ^C where somebody interrupts."""
_COUNTS = "{n:,.0f}/{total:,.0f}", "{n_fmt}/{total_fmt}"


class Work:
    """Work under way: so many things, of which some are done.

    Args:
        bar: tqdm's; None: nobody sees it.
        part_of: What stands before all that is said.
    """

    def __init__(self, bar: Any = None, part_of: str = "") -> None:
        self._bar, self._part_of = bar, part_of

    def done(self, count: float = 1) -> None:
        """Some more things are done."""
        if self._bar is not None:
            self.reach(self._bar.n + count, self._bar.total)

    def reach(self, count: float, total: float) -> None:
        """So many things are done, of what has become the total; zero says that work begins now."""
        if self._bar is not None:
            with _SCREEN.lock:
                if count == self._bar.n == 0:
                    self._bar.unpause()  # what went before, as starting processes, took no part
                self._bar.total = total
                self._bar.update(min(count, total) - self._bar.n)  # tqdm forgets a total exceeded

    def say(self, what: str) -> None:
        """What is being done now."""
        if self._bar is not None and self._bar.desc != self._part_of + what:
            with _SCREEN.lock:
                self._bar.set_description_str(self._part_of + what)


class _Screen:
    """Where progress is seen, if anywhere."""

    def __init__(self) -> None:
        self.seen = False
        self.bars: list[Any] = []
        """The last one is on the screen, and part of those before it."""
        self.lock = RLock()
        """Also held while others write; tqdm's own is not let go where a signal interrupts it."""


_SCREEN = _Screen()


@contextmanager
def shown() -> Iterator[None]:
    """Show on stderr, which is a terminal, how far work has come while the context lasts."""
    before, _SCREEN.seen = _SCREEN.seen, True
    try:
        yield
    finally:
        _SCREEN.seen = before


@contextmanager
def work(what: str, total: float, unit: str) -> Iterator[Work]:
    """Work that begins here, and ends, done or not, with the context; then its line goes.

    Args:
        what: Is being done.
        total: How many things there are.
        unit: What they are.
    """
    if not _SCREEN.seen:
        yield Work()
        return
    part_of = "".join(f"{bar.desc}, " for bar in _SCREEN.bars[-1:])
    with _SCREEN.lock:
        bar = _bar(part_of + what, total, unit)
        _SCREEN.bars.append(bar)
    try:
        yield Work(bar, part_of)
    finally:
        with _SCREEN.lock:
            _SCREEN.bars.pop()
            bar.close()
            for outer in _SCREEN.bars[-1:]:
                outer.refresh()


@contextmanager
def aside() -> Iterator[None]:
    """Take the line away while something else is written to the terminal."""
    with _SCREEN.lock:
        bars = _SCREEN.bars[-1:]
        for bar in bars:
            bar.clear()
        try:
            yield
        finally:
            for bar in bars:
                bar.refresh()


def _bar(what: str, total: float, unit: str) -> Any:
    from tqdm import tqdm  # only where there is a terminal: starting has to be fast

    tqdm.set_lock(RLock())  # the default one is for several processes, and may start another
    return tqdm(
        desc=what,
        total=total,
        unit=f" {unit}",
        unit_scale=True,
        bar_format=_LINE.format(_COUNTS[total >= _EXACT]),
        leave=False,
        position=0,
        disable=False,  # whatever TQDM_DISABLE says: it is for bars of others
        dynamic_ncols=True,
        mininterval=_EVERY,
        miniters=0,
        smoothing=0.0,  # the mean rate: starting processes and validating would shake another
    )
