"""seqchurn score: champion + sequences -> the score table of a day, or of each day of a range."""

from __future__ import annotations

import logging
import math
from datetime import datetime
from zoneinfo import ZoneInfo

import polars as pl
import torch

from seqchurn.commands.parts import (
    clock_of,
    fitting_model,
    score_options,
    scores_store,
    sequences_store,
)
from seqchurn.config import Config
from seqchurn.config.units import duration_days
from seqchurn.console import table
from seqchurn.errors import ConfigError, DataError
from seqchurn.prediction import check_moment, score_rows
from seqchurn.processes import cores
from seqchurn.schema import CUSTOMER_ID
from seqchurn.scoring import publish_scores
from seqchurn.tracking import CHAMPION, Bundle, RegisteredModel
from seqchurn.waits import Clock

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
    moments = _moments(config, as_of, start, end)
    registered, bundle = fitting_model(config, model_version or CHAMPION)
    _warn_if_seen(bundle, registered, moments[0])
    for moment in moments:
        if customer_ids:
            _show(config, bundle, registered, moment, customer_ids)
        else:
            _publish(config, bundle, registered, moment, force=force)


def _check_interval(config: Config) -> None:
    steps = duration_days(config.scoring.interval) / clock_of(config).step_days
    if abs(steps - round(steps)) > 1e-6 or steps < 0.5:
        raise ConfigError(
            f"[scoring] interval {config.scoring.interval} is not a whole number of steps of "
            f"[waits] step {config.waits.step}. Choose one that is."
        )


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


def _moments(
    config: Config, as_of: str | None, start: str | None, end: str | None
) -> list[datetime]:
    clock = clock_of(config)
    if (start is None) != (end is None) or (start is not None and as_of is not None):
        raise ConfigError("give either --as_of, or both --from and --to.")
    if start is None or end is None:
        return [clock.instant(as_of) if as_of else _today(clock)]
    _check_interval(config)
    for moment in (clock.instant(start), clock.instant(end)):
        check_moment(clock, moment)
    first, last = clock.at(clock.instant(start)), clock.at(clock.instant(end))
    interval = duration_days(config.scoring.interval)
    count = math.ceil((last - first) / interval - 1e-6)  # the range is half-open
    moments = [clock.moment(first + i * interval) for i in range(count)]
    if not moments:
        raise ConfigError(f"--from {start} --to {end} holds no moment. Give a later --to.")
    for moment in moments:
        check_moment(clock, moment)
    return moments


def _today(clock: Clock) -> datetime:
    """The last step that starts no later than the local midnight that begins today."""
    now = datetime.now(ZoneInfo(clock.timezone))
    return clock.moment(clock.at(now.replace(hour=0, minute=0, second=0, microsecond=0)))


def _version(registered: RegisteredModel) -> dict[str, str]:
    return {
        "model_name": registered.name,
        "model_version": registered.version,
        "run_id": registered.run_id,
    }


def _publish(
    config: Config, bundle: Bundle, registered: RegisteredModel, moment: datetime, *, force: bool
) -> None:
    store = scores_store(config, moment)
    sequences = sequences_store(config)
    fresh = publish_scores(
        bundle.model,
        sequences,
        store,
        moment,
        options=score_options(config),
        version=_version(registered),
        at_once=_processes(config, sequences.manifest()["n_customers"]),
        force=force,
    )
    customers = store.manifest()["total_rows"]
    state = "" if fresh else ", unchanged"
    print(f"scores  {customers:,} customers by {registered.uri}{state}: {store.folder}")


def _processes(config: Config, customers: int) -> int:
    """How many processes score: as configured, or as many as there is work and cores for."""
    most = min(customers // _WORTH_A_PROCESS, cores() // config.threads)
    return config.scoring.at_once or max(most, 1)


def _show(
    config: Config,
    bundle: Bundle,
    registered: RegisteredModel,
    moment: datetime,
    customer_ids: list[str],
) -> None:
    """Print the scores of some customers, transposed: one column each."""
    wanted = pl.col(CUSTOMER_ID).is_in(customer_ids)
    sequences = sequences_store(config).scan().filter(wanted).collect()
    scores = score_rows(
        bundle.model,
        sequences,
        moment,
        options=score_options(config),
        version=_version(registered),
    ).drop("churn_percentile")
    unknown = sorted(set(customer_ids) - set(scores[CUSTOMER_ID]))
    if unknown:
        raise DataError(
            f"no event of customer {', '.join(unknown)} lies before {moment.isoformat()}. Check "
            "the id or choose a later --as_of."
        )
    columns = [column for column in scores.columns if column != CUSTOMER_ID]
    rows = [[column, *map(_text, scores[column])] for column in columns]
    print(table(rows, ["", *scores[CUSTOMER_ID]]))


def _text(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.4f}"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    return "-" if value is None else str(value)
