"""A model and a moment -> the score table of the moment, published in a store."""

from __future__ import annotations

from datetime import datetime

from seqchurn.commands.parts import Fitting, score_options, sequences_store
from seqchurn.config import Config
from seqchurn.processes import cores
from seqchurn.scoring import Scoring, publish_scores
from seqchurn.storage import BucketStore, Snapshot

__all__ = ["publish"]

_WORTH_A_PROCESS = 10_000  # customers: some ten seconds of a core


def publish(
    config: Config,
    fitting: Fitting,
    moment: datetime,
    store: BucketStore,
    *,
    previous: Snapshot | None,
    force: bool,
) -> bool:
    """Score every customer known before a moment, if no guard objects.

    Args:
        config: The whole config.
        fitting: Who scores.
        moment: First instant not seen.
        store: Where the table goes.
        previous: The table that guards compare it with, if there is one.
        force: Publish again even if nothing has changed.

    Returns:
        False if the same table was there already.

    Raises:
        SeqchurnError: As `seqchurn.scoring.publish_scores` does.
    """
    registered, bundle = fitting
    sequences = sequences_store(config).snapshot()
    return publish_scores(
        Scoring(bundle.model, sequences, moment, score_options(config), registered.facts),
        store,
        guards=config.guards,
        trained_until=datetime.fromisoformat(bundle.training_cutoff),
        previous=previous,
        at_once=_processes(config, sequences.manifest["n_customers"]),
        force=force,
    )


def _processes(config: Config, customers: int) -> int:
    """How many processes score: as configured, or as many as there is work and cores for."""
    most = min(customers // _WORTH_A_PROCESS, cores() // config.threads)
    return config.scoring.at_once or max(most, 1)
