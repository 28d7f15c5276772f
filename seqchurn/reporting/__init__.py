"""An evaluation -> one page for who has to decide; a version of a model -> card and data sheet."""

from __future__ import annotations

from seqchurn.reporting.chapters import Asked, Reported, report_page
from seqchurn.reporting.data_sheet import LearnedFrom, data_sheet
from seqchurn.reporting.examples import Examples, pick_examples
from seqchurn.reporting.markdown import markdown_facts
from seqchurn.reporting.model_card import Card, Decision, Evaluated, model_card

__all__ = [
    "Asked",
    "Card",
    "Decision",
    "Evaluated",
    "Examples",
    "LearnedFrom",
    "Reported",
    "data_sheet",
    "markdown_facts",
    "model_card",
    "pick_examples",
    "report_page",
]
