"""Settings and losses of what was tried -> what to try next, and a page on what was found."""

from __future__ import annotations

from seqchurn.tuning.page import best_of, configured_of, tuning_page
from seqchurn.tuning.search import Attempt, Search, import_optuna
from seqchurn.tuning.trial import State, Trial

__all__ = [
    "Attempt",
    "Search",
    "State",
    "Trial",
    "best_of",
    "configured_of",
    "import_optuna",
    "tuning_page",
]
