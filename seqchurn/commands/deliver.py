"""seqchurn deliver: a published score table -> what changed in it, told to other systems."""

from __future__ import annotations

import logging
from collections.abc import Collection
from datetime import datetime

import polars as pl

from seqchurn.commands.stores import name_of, published_scores
from seqchurn.config import Config
from seqchurn.config.complaints import nearest
from seqchurn.errors import ConfigError, SeqchurnError
from seqchurn.sinks import Audiences, Delivered, Plan, deliver, open_sink, plan
from seqchurn.storage import Snapshot

__all__ = ["run"]

_log = logging.getLogger(__name__)


def run(
    config: Config, *, as_of: str | None = None, delivery: str | None = None, dry_run: bool = False
) -> None:
    """Deliver what changed to every system of the config, or print it.

    Where one system fails the others are still told.

    Args:
        config: The whole config.
        as_of: Which score table; default: the latest.
        delivery: Name of the only delivery to make.
        dry_run: Print the rows, as JSON lines that name their delivery, and send nothing.

    Raises:
        SeqchurnError: If config, score table, disk or another system do not allow it.
    """
    names = _chosen(config.deliveries, delivery)
    scores = published_scores(config, as_of).snapshot()
    failures: list[SeqchurnError] = []
    for name in names:
        try:
            planned = _deliver(config, name, scores, dry_run=dry_run)
        except SeqchurnError as failure:
            failures.append(failure)
        else:
            say = _log.info if dry_run else print  # there stand the rows
            say(_line(name, planned, sent=not dry_run))
    if failures:
        raise type(failures[0])("\n".join(dict.fromkeys(map(str, failures))))


def _chosen(names: Collection[str], wanted: str | None) -> list[str]:
    if not names:
        raise ConfigError(
            "[deliveries] is empty; expected a system that scores go to. Add one, as deliveries: "
            "{crm: {kind: parquet, path: crm}}."
        )
    if wanted is None:
        return list(names)
    if wanted not in names:
        near = nearest(wanted, names) or f"one of {', '.join(names)}"
        raise ConfigError(f"--delivery {wanted} is none of [deliveries]. Did you mean {near}?")
    return [wanted]


def _deliver(config: Config, name: str, scores: Snapshot, *, dry_run: bool) -> Plan:
    """Deliver what one system has yet to be told; what that was."""
    section = config.deliveries[name]
    audiences = Audiences(config.audiences, config.waits.timezone)
    sink = None if dry_run else open_sink(name, section)
    delivered = Delivered(config.store / "deliveries" / config.name / name)
    with delivered.locked():
        told = delivered.rows()
        _check_not_older(config, name, scores, told["as_of"].max())  # type: ignore[arg-type]
        planned = plan(name, section, scores.scan(), told, audiences=audiences)
        if sink is None:
            named = planned.messages.select(pl.lit(name).alias("delivery"), pl.all())
            print(named.write_ndjson(), end="")
            return planned
        _log.info("%s: %s rows to deliver", name, f"{planned.messages.height:,}")
        delivered.settle()
        deliver(
            planned,
            sink,
            delivered,
            audiences=audiences,
            batch_rows=section.rows_at_once(),
            retries=section.retries,
            backoff_seconds=section.backoff_seconds,
        )
    return planned


def _check_not_older(config: Config, name: str, scores: Snapshot, newest: datetime | None) -> None:
    """Check that the other system is not told of a time before the one it knows of."""
    as_of = datetime.fromisoformat(scores.manifest["as_of"])
    if newest is not None and as_of < newest:
        raise ConfigError(
            f"{name} was, or may have been, told scores as of {name_of(config, newest)}, and those "
            f"of {name_of(config, as_of)} are older. Choose a later --as_of."
        )


def _line(name: str, planned: Plan, *, sent: bool) -> str:
    count = planned.messages.height
    members = ", ".join(f"{audience} {count:,}" for audience, count in planned.members.items())
    return (
        f"{name}  {planned.rows:,} rows, {count - planned.gone:,} changed, {planned.gone:,} gone, "
        f"{count if sent else 0:,} sent"
        f"{members and '; members: '}{members}"
    )
