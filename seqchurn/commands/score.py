"""seqchurn score: champion + sequences -> the score table of a day, or of each day of a range."""

from __future__ import annotations

import logging
from datetime import datetime

import torch

from seqchurn.commands.moments import moments_of
from seqchurn.commands.parts import Fitting, fitting_model
from seqchurn.commands.score_table import publish
from seqchurn.commands.shadow import score_in_shadow
from seqchurn.commands.show_scores import scores_as_text
from seqchurn.commands.stores import last_scores, scores_store
from seqchurn.config import Config
from seqchurn.tracking import CHAMPION, RegisteredModel, bearer

__all__ = ["run"]

_log = logging.getLogger(__name__)


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
    registered, bundle = fitting = fitting_model(config, model_version or CHAMPION)
    _warn_if_seen(fitting, moments[0])
    if customer_ids:
        for moment in moments:
            print(scores_as_text(config, bundle, registered, moment, customer_ids))
        return
    if model_version is not None:
        _warn_if_unearned(registered)
    for moment in moments:
        _publish(config, fitting, moment, force=force)
    score_in_shadow(config, registered, moments, force=force)


def _warn_if_seen(fitting: Fitting, first: datetime) -> None:
    """Scores before the training cutoff flatter the model: it has seen what came next."""
    registered, bundle = fitting
    if first < datetime.fromisoformat(bundle.training_cutoff):
        _log.warning(
            "scores as of %s are in-sample: %s has seen everything before %s. Score a later "
            "moment, or train with an earlier training.cutoff",
            first.isoformat(),
            registered.uri,
            bundle.training_cutoff,
        )


def _warn_if_unearned(registered: RegisteredModel) -> None:
    if registered != bearer(registered.name, CHAMPION):
        _log.warning(
            "%s is not the champion, and its scores stand where those of the champion do: "
            "deliver and monitor take them",
            registered.uri,
        )


def _publish(config: Config, fitting: Fitting, moment: datetime, *, force: bool) -> None:
    store = scores_store(config, moment)
    previous = last_scores(config, moment)
    fresh = publish(config, fitting, moment, store, previous=previous, force=force)
    customers = store.manifest()["total_rows"]
    state = "" if fresh else ", unchanged"
    print(f"scores  {customers:,} customers by {fitting[0].uri}{state}: {store.folder}")
