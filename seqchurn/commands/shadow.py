"""A second model's scores of a moment -> a table apart, and how far it is from the first's.

The champion's tables are published before, and whatever goes wrong here costs a warning.
"""

from __future__ import annotations

import logging
from datetime import datetime

from seqchurn.commands.parts import Fitting, fitting_model, score_options
from seqchurn.commands.score_table import publish
from seqchurn.commands.stores import scores_store, shadow_store
from seqchurn.config import Config
from seqchurn.errors import ModelError, SeqchurnError
from seqchurn.evaluation import write_rows
from seqchurn.scoring import compare_scores, comparison_table
from seqchurn.tracking import RegisteredModel

__all__ = ["score_in_shadow", "shadow_model"]

_log = logging.getLogger(__name__)


def shadow_model(config: Config, scoring: RegisteredModel) -> Fitting | None:
    """The model that scores beside another; None where none is to, or there is no other."""
    wanted = config.scoring.shadow
    if wanted is None:
        return None
    try:
        fitting = fitting_model(config, wanted)
    except ModelError as error:
        _log.warning("nobody scores in shadow: %s", error)
        return None
    if fitting[0].version == scoring.version:
        _log.info("nobody scores in shadow: %s is version %s itself", wanted, scoring.version)
        return None
    return fitting


def score_in_shadow(config: Config, fitting: Fitting, moment: datetime, *, force: bool) -> None:
    """Score a moment once more, and tell how far from the published table that is; or warn."""
    store = shadow_store(config, moment)
    try:
        publish(config, fitting, moment, store, previous=None, force=force)
        rows = compare_scores(
            scores_store(config, moment).snapshot(),
            store.snapshot(),
            horizons=score_options(config).horizons,
        )
        write_rows(store.folder / "comparison.json", rows)
    except SeqchurnError as error:
        _log.warning("no scores in shadow of %s: %s", moment.isoformat(), error)
        return
    print(f"shadow  {fitting[0].uri} beside it: {store.folder}\n\n{comparison_table(rows)}\n")
