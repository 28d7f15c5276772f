"""seqchurn score: champion + sequences -> the score table of a day, or of each day of a range."""

from __future__ import annotations

import logging
from datetime import datetime

import torch

from seqchurn.commands.moments import moments_of
from seqchurn.commands.parts import (
    fitting_model,
    score_options,
    sequences_store,
)
from seqchurn.commands.show_scores import scores_as_text
from seqchurn.commands.stores import last_scores, scores_store
from seqchurn.config import Config
from seqchurn.processes import cores
from seqchurn.scoring import Scoring, publish_scores
from seqchurn.tracking import CHAMPION, Bundle, RegisteredModel

__all__ = ["run"]

_log = logging.getLogger(__name__)

_WORTH_A_PROCESS = 10_000  # customers: some ten seconds of a core


def run(
    config: Config,
    *,
    as_of: str | None = None,
    start: str | None = None,
    end: str | None = None,
    customer_ids: list[str] | None = None,
    force: bool = False,
    model_version: str | None = None,
) -> None:
    """Score every customer known before a moment, or show the scores of some.

    Args:
        config: The whole config.
        as_of: First instant not seen; default: the start of today.
        start: First moment of a range; one table per scoring interval.
        end: End of the range, itself left out.
        customer_ids: Print the scores of these customers and publish nothing.
        force: Publish again even if nothing has changed.
        model_version: Version or alias; default: the champion.

    Raises:
        SeqchurnError: If the config, the data, the model or the disk do not allow it.
    """
    torch.set_num_threads(config.threads)
    moments = moments_of(config, as_of=as_of, start=start, end=end)
    registered, bundle = fitting_model(config, model_version or CHAMPION)
    _warn_if_seen(bundle, registered, moments[0])
    for moment in moments:
        if customer_ids:
            print(scores_as_text(config, bundle, registered, moment, customer_ids))
        else:
            _publish(config, bundle, registered, moment, force=force)


def _warn_if_seen(bundle: Bundle, registered: RegisteredModel, first: datetime) -> None:
    """Scores before the training cutoff flatter the model: it has seen what came next."""
    if first < datetime.fromisoformat(bundle.training_cutoff):
        _log.warning(
            "scores as of %s are in-sample: %s has seen everything before %s. Score a later "
            "moment, or train with an earlier training.cutoff",
            first.isoformat(),
            registered.uri,
            bundle.training_cutoff,
        )


def _publish(
    config: Config, bundle: Bundle, registered: RegisteredModel, moment: datetime, *, force: bool
) -> None:
    sequences = sequences_store(config).snapshot()
    scoring = Scoring(bundle.model, sequences, moment, score_options(config), registered.facts)
    store = scores_store(config, moment)
    fresh = publish_scores(
        scoring,
        store,
        guards=config.guards,
        trained_until=datetime.fromisoformat(bundle.training_cutoff),
        previous=last_scores(config, moment),
        at_once=_processes(config, sequences.manifest["n_customers"]),
        force=force,
    )
    customers = store.manifest()["total_rows"]
    state = "" if fresh else ", unchanged"
    print(f"scores  {customers:,} customers by {registered.uri}{state}: {store.folder}")


def _processes(config: Config, customers: int) -> int:
    """How many processes score: as configured, or as many as there is work and cores for."""
    most = min(customers // _WORTH_A_PROCESS, cores() // config.threads)
    return config.scoring.at_once or max(most, 1)
