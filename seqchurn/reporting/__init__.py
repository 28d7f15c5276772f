"""An evaluation -> one page for people who have to decide: chapters, examples, how to read it."""

from __future__ import annotations

from seqchurn.reporting.chapters import Asked, Reported, report_page
from seqchurn.reporting.examples import Examples, pick_examples

__all__ = ["Asked", "Examples", "Reported", "pick_examples", "report_page"]
