"""A second model's scores of a moment -> a table apart, and how far it is from the first's.

The champion's tables are published before, and whatever goes wrong here costs a warning.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime

from seqchurn.commands.parts import Fitting, fitting_model, score_options
from seqchurn.commands.score_table import publish
from seqchurn.commands.stores import scores_store, shadow_store
from seqchurn.config import Config
from seqchurn.errors import SeqchurnError
from seqchurn.evaluation import write_rows
from seqchurn.scoring import compare_scores, comparison_table
from seqchurn.tracking import RegisteredModel

__all__ = ["score_in_shadow"]

_log = logging.getLogger(__name__)


def score_in_shadow(
    config: Config, scoring: RegisteredModel, moments: Sequence[datetime], *, force: bool
) -> None:
    """Score moments once more, if the config asks for it, and tell how far the scores are apart.

    Args:
        config: The whole config.
        scoring: The model whose scores of these moments are published.
        moments: That are scored.
        force: Publish again even if nothing has changed.
    """
    wanted = config.scoring.shadow
    if wanted is None:
        return
    try:
        fitting = fitting_model(config, wanted)
    except (SeqchurnError, OSError) as error:
        _log.warning("nobody scores in shadow: %s", error)
        return
    if fitting[0].version == scoring.version:
        _log.info("nobody scores in shadow: %s is version %s itself", wanted, scoring.version)
        return
    for moment in moments:
        try:
            _score(config, fitting, moment, force=force)
        except (SeqchurnError, OSError) as error:
            _log.warning("no scores in shadow of %s: %s", moment.isoformat(), error)


def _score(config: Config, fitting: Fitting, moment: datetime, *, force: bool) -> None:
    store = shadow_store(config, moment)
    publish(config, fitting, moment, store, previous=None, force=force)
    rows = compare_scores(
        scores_store(config, moment).snapshot(),
        store.snapshot(),
        horizons=score_options(config).horizons,
    )
    write_rows(store.folder / "comparison.json", rows)
    print(f"shadow  {fitting[0].uri} beside it: {store.folder}\n\n{comparison_table(rows)}\n")
