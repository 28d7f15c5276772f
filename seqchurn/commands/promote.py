"""seqchurn promote: a challenger that has earned it -> the champion, which is what scores."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime

import torch

from seqchurn.commands.cards import renew_card
from seqchurn.commands.parts import Fitting, deciding, fitting_model
from seqchurn.commands.trial import Trial, hold_trial
from seqchurn.config import Config
from seqchurn.errors import ConfigError, ModelError
from seqchurn.evaluation.gates import gates_table
from seqchurn.tracking import (
    CHAMPION,
    RegisteredModel,
    bearer,
    contender,
    promote,
    record,
)

__all__ = ["run"]

_log = logging.getLogger(__name__)
_NONE = "-"


def run(config: Config, *, model_version: str | None = None, reason: str | None = None) -> None:
    """Make a version of the config's model the champion, if every gate lets it through.

    Args:
        config: The whole config.
        model_version: Version or alias; default: the challenger.
        reason: Why it is promoted whatever the gates say; recorded with it.

    Raises:
        ConfigError: If there is no cutoff at which it can be judged.
        DataError: If there are no sequences.
        ModelError: If there is no such version, or a gate does not let it through.
    """
    torch.set_num_threads(config.threads)
    with deciding(config):
        _decide(config, model_version, reason)


def _decide(config: Config, model_version: str | None, reason: str | None) -> None:
    name = config.tracking.model or config.name
    challenger, champion = contender(name, model_version), bearer(name, CHAMPION)
    if challenger == champion:
        print(f"{CHAMPION}  models:/{name}@{CHAMPION} is version {champion.version} already")
        return
    fitting = fitting_model(config, challenger.version)
    trial = _trial(config, fitting, champion, forced=reason is not None)
    facts = _facts(trial, reason)
    if trial and not trial.passed and reason is None:
        record(challenger, facts)
        renew_card(challenger)
        raise ModelError(_refusal(challenger, trial))
    promote(challenger, facts)
    renew_card(challenger)
    if trial:
        print(f"{_told(challenger, trial)}\n")
    print(f"{CHAMPION}  models:/{name}@{CHAMPION} is now version {challenger.version}")


def _trial(
    config: Config, challenger: Fitting, champion: RegisteredModel | None, *, forced: bool
) -> Trial | None:
    """What the gates say; None where they cannot be asked and need not be."""
    try:
        return hold_trial(config, challenger, champion)
    except (ConfigError, ModelError) as error:
        if not forced:
            raise
        _log.warning("promoted by force, the gates could not be asked: %s", error)
        return None


def _facts(trial: Trial | None, reason: str | None) -> dict[str, str]:
    """What is recorded of a decision, itself last, in the place of an earlier one."""
    facts = dict.fromkeys(("gates", "gates_cutoff", "compared_with", "dataset_digest"), _NONE)
    if trial is not None:
        gates = {g.name: [g.found, g.limit, g.text] for g in trial.gates}
        facts["gates"] = json.dumps(gates)
        facts["gates_cutoff"] = trial.cutoff.isoformat()
        facts["compared_with"] = trial.rival
        facts["dataset_digest"] = trial.digest
    facts["reason"] = reason or _NONE
    facts["decided_at"] = datetime.now(UTC).isoformat(timespec="seconds")
    passed = trial is not None and trial.passed
    facts["decision"] = "promoted" if passed else "refused" if reason is None else "forced"
    return facts


def _told(challenger: RegisteredModel, trial: Trial) -> str:
    return (
        f"{challenger.uri} against {trial.rival} on {trial.customers:,} customers, cutoff "
        f"{trial.cutoff.isoformat()}\n"
        "log_loss: by how much it is higher at least, in nats (95 %); ece: calibration error\n\n"
        f"{gates_table(trial.gates)}"
    )


def _refusal(challenger: RegisteredModel, trial: Trial) -> str:
    failed = [gate.name for gate in trial.gates if not gate.passed]
    return (
        f"{_told(challenger, trial)}\n\n{challenger.uri} is not promoted: above the limit "
        f"{'are' if len(failed) > 1 else 'is'} {', '.join(failed)}.\nTrain a better model, change "
        'the limits in [gates], or promote it all the same with --force "reason".'
    )
