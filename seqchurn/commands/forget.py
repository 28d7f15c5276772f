"""seqchurn forget: ids of customers -> a store without them, and the models that have seen them.

A run that is killed between two steps is finished by running it again. So the models are named
as long as the sequences still tell since when a customer was known.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from datetime import datetime

import polars as pl

from seqchurn import events
from seqchurn.commands.evaluate import REPORT
from seqchurn.commands.parts import sequences_store
from seqchurn.commands.stores import score_folders
from seqchurn.config import Config
from seqchurn.config.deliveries import FileDelivery
from seqchurn.errors import ModelError
from seqchurn.events.identity.forgotten import Forgotten
from seqchurn.events.identity.identifiers import Naming
from seqchurn.files import locked
from seqchurn.schema import CUSTOMER_ID, TIMESTAMP
from seqchurn.scoring import forget_scores
from seqchurn.sequences import build_store
from seqchurn.sinks import Delivered, FileSink, open_sink
from seqchurn.storage import AS_OF, BucketStore
from seqchurn.tracking import TrainedModel, connect, models_trained_on, remove_from_runs

__all__ = ["run"]


def run(config: Config, *, customer_ids: list[str]) -> None:
    """Remove customers from all tables of a config, and say which models were trained on them.

    Args:
        config: The whole config.
        customer_ids: An identifier of each, as the raw logs have it.

    Raises:
        SeqchurnError: If the config, the data, the disk or the MLflow store do not allow it, or
            another run writes what has to be written or trains on them.
    """
    table = BucketStore(config.store / "events" / config.name)
    forgotten = events.forget(config.events, table, customer_ids)
    _print_who(forgotten.customer_ids, forgotten.unknown)
    print(f"records     {forgotten.records:,} removed, their quarantine included: {table.folder}")
    theirs = _theirs(config, table)
    since = _earliest(forgotten.first_event_at, _first_event_at(config, theirs))
    if since is not None:
        _print_models(_models(config, since))
        _remove_checkpoints(config)
    _rebuild_sequences(config, table, theirs)
    _remove_from_scores(config, theirs)
    _remove_from_deliveries(config, theirs)
    _remove_page(config)
    _remove_reports(config)
    print(
        "\nThe raw logs are left alone. If they hold records of them, whoever owns the logs must\n"
        "remove these there; prepare leaves them out until then, and ever after."
    )


def _print_who(customer_ids: Sequence[str], unknown: Sequence[str]) -> None:
    print(f"forgotten   {', '.join(customer_ids)}")
    if unknown:
        print(f"no events   {', '.join(unknown)}; if any ever come, they are left out")


def _theirs(config: Config, table: BucketStore) -> pl.Expr:
    """Whether a row is of a customer who was forgotten, now or by a run that was killed since.

    Asked of the tombstones: which customer an identifier was of, the tables no longer know then.
    """
    naming = Naming.of(config.events.identity)
    return Forgotten.read(table.folder).holds_name(pl.col(CUSTOMER_ID), naming)


def _earliest(*moments: datetime | None) -> datetime | None:
    return min((moment for moment in moments if moment is not None), default=None)


def _first_event_at(config: Config, theirs: pl.Expr) -> datetime | None:
    """Their earliest event in the sequences, which outlive the events if a run is killed."""
    sequences = sequences_store(config)
    if not sequences.exists():
        return None
    firsts = sequences.scan().filter(theirs).select(pl.col(TIMESTAMP).list.first().min())
    first: datetime | None = firsts.collect().item()
    return first


def _models(config: Config, since: datetime) -> list[TrainedModel]:
    try:
        connect(config.store)
    except ModelError:  # nothing was ever trained
        return []
    return models_trained_on(config.name, since, name=config.tracking.model or config.name)


def _print_models(seen: Sequence[TrainedModel]) -> None:
    """At once: if the run is killed later, the next one cannot tell."""
    if not seen:
        print("models      none was trained on them", flush=True)
        return
    print("\nmodels that were trained on them, and stay as they are:")
    for trained in seen:
        champion = " (champion)" if trained.champion else ""
        cutoff = trained.training_cutoff
        until = f"trained up to {cutoff:%Y-%m-%d}" if cutoff else "its bundle cannot be read"
        print(f"  {trained.model.name} version {trained.model.version}{champion}, {until}")
    print("Run seqchurn train and seqchurn promote to replace them.\n", flush=True)


def _remove_checkpoints(config: Config) -> None:
    """Remove fits that were cut off: they saw the customers, and can no longer be continued."""
    for folder in (config.store / "checkpoints").glob("*"):
        if folder.name.rpartition("-")[0] == config.name:
            busy = (
                f"another run is training in {folder}. Wait until it has ended, and forget again."
            )
            with locked(folder, busy):
                shutil.rmtree(folder)
            print(f"checkpoint  removed: {folder}")


def _rebuild_sequences(config: Config, table: BucketStore, theirs: pl.Expr) -> None:
    """Build the sequences that are there anew, with the columns that they have."""
    sequences = sequences_store(config)
    if sequences.exists():
        count = sequences.scan().select(theirs.sum()).collect().item()
        facts = sequences.snapshot().facts
        if table.exists():
            build_store(table, sequences, attributes=facts["attributes"], static=facts["static"])
        print(f"sequences   {count:,} removed: {sequences.folder}")
    sequences.purge(everything=not table.exists())  # there is no table if nobody is left


def _remove_from_scores(config: Config, theirs: pl.Expr) -> None:
    for folder in sorted(f for place in score_folders(config) for f in place.glob(f"{AS_OF}*")):
        if count := forget_scores(BucketStore(folder), theirs):
            print(f"scores      {count:,} removed: {folder}")


def _remove_from_deliveries(config: Config, theirs: pl.Expr) -> None:
    for lock in sorted((config.store / "deliveries" / config.name).glob("*/.lock")):
        delivered, file = Delivered(lock.parent), _own_file(config, lock.parent.name)
        with delivered.locked():
            count = delivered.forget(theirs)
            if file is not None and (in_file := file.forget(theirs)):
                print(f"file        {in_file:,} removed: {file.file}")
        if count:
            still = ", the other system has them still" if file is None else ""
            print(f"delivery    {count:,} removed{still}: {lock.parent}")


def _own_file(config: Config, name: str) -> FileSink | None:
    """The file that a delivery of the config writes; None: it tells a system that is not ours."""
    section = config.deliveries.get(name)
    sink = open_sink(name, section) if isinstance(section, FileDelivery) else None
    return sink if isinstance(sink, FileSink) else None


def _remove_page(config: Config) -> None:
    """Remove what `inspect` wrote: attributes have values that only one customer has."""
    folder = config.store / "inspection" / config.name
    if folder.exists():
        shutil.rmtree(folder)
        print(f"inspection  removed, run seqchurn inspect for a new page: {folder}")


def _remove_reports(config: Config) -> None:
    """Remove what `report` wrote, here and in MLflow: it shows some customers."""
    pages = sorted((config.store / "evaluation" / config.name).glob(f"*/{REPORT}"))
    for page in pages:
        page.unlink()
        print(f"report      removed: {page}")
    try:
        connect(config.store)
    except ModelError:  # nothing was ever trained
        return
    if count := remove_from_runs(config.tracking.experiment or config.name, REPORT):
        print(f"report      removed from {count:,} runs in MLflow")
