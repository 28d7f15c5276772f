"""A terminal that is not there, and what one would see on it."""

from __future__ import annotations

import io

__all__ = ["Terminal"]


class Terminal(io.StringIO):
    """Takes what is written to a terminal."""

    def isatty(self) -> bool:
        return True

    def screen(self) -> list[str]:
        """The lines that stand there now; the last is that of the cursor."""
        lines = []
        for line in self.getvalue().split("\n"):
            assert "\x1b" not in line
            shown = ""
            for text in line.split("\r"):
                shown = text + shown[len(text) :]
            lines.append(shown.rstrip())
        return lines
