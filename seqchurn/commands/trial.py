"""A config, a challenger and a champion -> what the gates say of the challenger.

Both are asked at one cutoff that neither has seen beyond, and after which every horizon of the
gates was observed. Before there is a champion Kaplan-Meier stands in for it.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from seqchurn.baselines import KaplanMeier
from seqchurn.commands.outcomes import outcomes_of
from seqchurn.commands.parts import (
    Fitting,
    clock_of,
    end_of_log,
    fitting_model,
    gate_horizons,
    sequences_store,
)
from seqchurn.config import Config
from seqchurn.errors import ConfigError, ModelError
from seqchurn.evaluation import HOLDOUT, Outcomes
from seqchurn.evaluation.asking import ask_baseline
from seqchurn.evaluation.cutoffs import last_day
from seqchurn.evaluation.gates import Gate, calibration_gates, leak_gate, log_loss_gates
from seqchurn.evaluation.rows import Predictions
from seqchurn.prediction import running_waits
from seqchurn.sequences import sequences_before
from seqchurn.tracking import RegisteredModel, rolled_back_at

__all__ = ["Trial", "hold_trial"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Trial:
    """What the gates say of a challenger, and how they came to say it."""

    cutoff: datetime
    customers: int
    rival: str
    """Who it was compared with."""
    digest: str
    """Of the sequences."""
    gates: list[Gate]

    @property
    def passed(self) -> bool:
        """Whether every gate lets the challenger through."""
        return all(gate.passed for gate in self.gates)


def hold_trial(config: Config, challenger: Fitting, champion: RegisteredModel | None) -> Trial:
    """Ask a challenger and the champion at the cutoff of the gates.

    Args:
        config: The whole config.
        challenger: The version that asks to become the champion.
        champion: The present one; None if there is none.

    Raises:
        ConfigError: If there is no cutoff that both can be judged at.
        DataError: If there are no sequences.
        ModelError: If the champion cannot be read, or was trained on other waits.
    """
    models = [challenger, *([_opened(config, champion)] if champion else [])]
    snapshot, horizons = sequences_store(config).snapshot(), gate_horizons(config)
    sequences = snapshot.scan().collect()
    cutoff = _cutoff(config, models, end_of_log(config, sequences), max(horizons))
    outcomes = outcomes_of(config, sequences, cutoff, horizons)
    earlier, answers, leaks = sequences_before(sequences, cutoff), {}, []
    for registered, bundle in models:
        answers[registered.uri], again = (
            running_waits(bundle.model, log, cutoff).probability(outcomes.horizons_days)
            for log in (sequences, earlier)
        )
        leaks.append(leak_gate(f"version {registered.version}", answers[registered.uri], again))
    if champion is None:
        answers[KaplanMeier.name] = _kaplan_meier(outcomes)
    return Trial(
        cutoff=clock_of(config).local(cutoff),
        customers=outcomes.known.height,
        rival=list(answers)[-1],
        digest=snapshot.digest,
        gates=[*_scores(config, outcomes, answers), *leaks, *_past(challenger[0])],
    )


def _opened(config: Config, champion: RegisteredModel) -> Fitting:
    try:
        return fitting_model(config, champion.version)
    except ModelError as error:
        raise ModelError(
            f"the champion cannot be compared with: {error} To replace it all the same, run "
            'seqchurn promote --force "reason".'
        ) from error


def _cutoff(config: Config, models: list[Fitting], end_day: float, longest_days: float) -> datetime:
    clock, asked = clock_of(config), config.gates.cutoff
    moment = clock.instant(asked) if asked else None
    day = last_day(moment, end_day - longest_days, clock, place="[gates] cutoff")
    cutoff = clock.moment(day)
    asked_at, end = (clock.local(at).isoformat() for at in (cutoff, clock.moment(end_day)))
    for registered, bundle in models:
        if cutoff < datetime.fromisoformat(bundle.training_cutoff):
            raise ConfigError(
                f"[gates] cutoff {asked_at} lies before {bundle.training_cutoff}, the "
                f"training cutoff of {registered.uri}: it has seen what it would be asked. "
                f"{longest_days:g}d have to be observed after a cutoff, and the log ends "
                f"{end}. Train with an earlier training.cutoff, "
                "prepare newer events, set shorter gates.horizons, or promote it all the same "
                'with --force "reason".'
            )
    return cutoff


def _kaplan_meier(outcomes: Outcomes) -> NDArray[np.float64]:
    baseline = KaplanMeier().fit(
        outcomes.known,
        cutoff_day=outcomes.cutoff_day,
        step_days=outcomes.step_days,
        horizons_days=outcomes.horizons_days.tolist(),
    )
    return ask_baseline(baseline, outcomes).within


def _scores(config: Config, outcomes: Outcomes, answers: Predictions) -> list[Gate]:
    limits, evaluation = config.gates, config.evaluation
    challenger, rival = answers.values()
    log_loss = [
        gate
        for cohort in _asked(config, outcomes)
        for gate in log_loss_gates(
            outcomes,
            challenger,
            rival,
            max_increase=limits.max_log_loss_increase,
            cohort=cohort,
            resamples=evaluation.resamples,
        )
    ]
    return [
        *log_loss,
        *calibration_gates(
            outcomes,
            challenger,
            max_ece=limits.max_ece,
            max_ece_cohort=limits.max_ece_cohort,
            min_cohort=limits.min_cohort,
            bins=evaluation.calibration_bins,
        ),
    ]


def _asked(config: Config, outcomes: Outcomes) -> list[str]:
    """All customers and, if it is large enough, the holdout."""
    if config.interventions.holdout is None:
        return ["all"]
    members, least = outcomes.cohorts.get(HOLDOUT), config.gates.min_cohort
    size = 0 if members is None else int(members.sum())
    if size >= least:
        return ["all", HOLDOUT]
    _log.warning(
        "the holdout has %s customers before %s, fewer than [gates] min_cohort %s, or everybody: "
        "no gate looks at it",
        f"{size:,}",
        outcomes.cutoff_text,
        f"{least:,}",
    )
    return ["all"]


def _past(challenger: RegisteredModel) -> list[Gate]:
    """A gate only for a version that was taken back: a scheduler must not bring it again."""
    at = rolled_back_at(challenger)
    return [] if at is None else [Gate("rolled_back", 1, 0, f"on {at}")]
