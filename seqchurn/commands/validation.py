"""A config and its sequences -> cutoffs before that of training, and how good fits are there.

Nothing at or after the training cutoff is looked at: what followed a cutoff is read up to it. A
customer who ordered counts with the likelihood of the order, one who did not with that of none up
to the training cutoff, so that horizons need not fit into that time.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from seqchurn.commands.fitting import OnNetworkEpoch, fit_model
from seqchurn.commands.parts import clock_of, score_options, training_cutoff
from seqchurn.config import Config
from seqchurn.config.units import duration_days
from seqchurn.errors import ConfigError
from seqchurn.evaluation import outcomes_at
from seqchurn.evaluation.cutoffs import validation_cutoffs
from seqchurn.metrics import censored_log_likelihood
from seqchurn.prediction import running_waits
from seqchurn.sequences.before import sequences_before
from seqchurn.storage import Snapshot
from seqchurn.training.fitted_model import FittedModel
from seqchurn.waits import histories

__all__ = ["Validation"]


class Validation:
    """The part of a log before the training cutoff, and cutoffs in it.

    Args:
        config: The whole config.
        sequences: What is read.

    Raises:
        ConfigError: If the cutoffs do not fit between the first order and the training cutoff.
    """

    def __init__(self, config: Config, sequences: Snapshot) -> None:
        """Lay out the cutoffs."""
        self._sequences, self._clock = sequences, clock_of(config)
        self._end_day = self._clock.at(training_cutoff(config))
        self.end = self._clock.moment(self._end_day)
        """First instant that is not looked at."""
        self._log = sequences_before(sequences.scan().collect(), self.end)
        self._orders = histories(self._log, clock=self._clock, target=config.waits.target)
        first_day = self._orders["order_days"].list.first().min()
        if not isinstance(first_day, float):
            raise ConfigError(
                f"[training] cutoff {self.end.isoformat()} lies before the first "
                f"{config.waits.target}, so that nothing can be tried before it. Choose a later "
                "one."
            )
        self.cutoffs = validation_cutoffs(
            (first_day, self._end_day),
            count=config.tune.cutoffs,
            every_days=duration_days(config.tune.every),
            horizons_days=list(score_options(config).horizons.values()),
            clock=self._clock,
        )

    def loss(
        self, config: Config, cutoff: datetime, *, checkpoints: Path, on_epoch: OnNetworkEpoch
    ) -> float:
        """Censored negative log-likelihood of a fit at a cutoff: lower is better.

        Args:
            config: The whole config, with the settings that are tried.
            cutoff: One of `cutoffs`.
            checkpoints: As `checkpoints_of` gives it.
            on_epoch: Told the metrics of every epoch of every network.

        Returns:
            Mean over the customers known by then, in nats per customer.

        Raises:
            DataError: If the customers are too few to split.
            DivergedError: If the loss of the fit is not finite.
        """
        fitted = fit_model(
            config, self._sequences, cutoff, checkpoints=checkpoints, on_epoch=on_epoch
        )
        return self._judged(fitted.model, cutoff)

    def _judged(self, model: FittedModel, cutoff: datetime) -> float:
        outcomes = outcomes_at(
            self._orders,
            cutoff=cutoff,
            horizons_days=[self._clock.step_days],
            end_day=self._end_day,
            clock=self._clock,
        )
        waits = running_waits(model, self._log, cutoff)
        before, through = waits.probability(outcomes.wait_days).T
        return -censored_log_likelihood(before, through, outcomes.observed).mean
