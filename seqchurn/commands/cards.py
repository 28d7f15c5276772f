"""A registered version -> its data sheet, and its model card as often as more is known of it."""

from __future__ import annotations

import json
import logging
from datetime import datetime
from typing import Any

from seqchurn.commands.clock import clock_of
from seqchurn.config import Config
from seqchurn.config.sources import CustomersSource, LinksSource, Source
from seqchurn.datasets.training_data import TrainingData
from seqchurn.evaluation.gates import Gate
from seqchurn.reporting import (
    Card,
    Decision,
    Evaluated,
    LearnedFrom,
    data_sheet,
    markdown_facts,
    model_card,
)
from seqchurn.storage import BucketStore, Snapshot
from seqchurn.tracking import (
    Bundle,
    RegisteredModel,
    VersionRecord,
    keep_card,
    open_model,
    read_record,
)

__all__ = ["DATA_SHEET", "renew_card", "sheet_of", "sizes_of"]

_log = logging.getLogger(__name__)

DATA_SHEET = "data_sheet.md"
"""Name of the sheet among the files of the run that trained a version."""

_DECISION = ("decision", "decided_at", "reason", "compared_with", "gates_cutoff", "rolled_back_at")
_NONE = "-"


def sizes_of(data: TrainingData) -> dict[str, float]:
    """How much a fit learns from, as metrics of its run."""
    return {
        "learned/customers": len(data.training),
        "learned/customers_set_aside": len(data.validation),
        "learned/events": len(data.jagged.time),
    }


def sheet_of(config: Config, sequences: Snapshot, data: TrainingData, cutoff: datetime) -> str:
    """The data sheet of a version that is about to be registered.

    Args:
        config: The whole config.
        sequences: What the fit reads.
        data: What it learns from.
        cutoff: First instant that it does not see.
    """
    manifest, clock = sequences.manifest, clock_of(config)
    until, aside = (clock.local(m) for m in (cutoff, clock.moment(data.aside_day)))
    identity = config.events.identity
    facts = {
        "span": f"{manifest['first_timestamp']} to {manifest['last_timestamp']}",
        "customers": f"{manifest['n_customers']:,}",
        "events": f"{manifest['n_events']:,}",
        "digest of the sequences": sequences.digest,
        "the model sees": f"what came before {until.isoformat()}: {len(data.jagged.time):,} "
        f"events of {len(data.jagged):,} customers. {len(data.training):,} teach it; "
        f"{len(data.validation):,} teach it until {aside.isoformat()} and then choose the weights",
        "grid of time": f"steps of {config.waits.step}, {config.waits.timezone}",
        "who is who": f"identifiers {', '.join(identity.order)}, linked"
        if identity is not None and identity.order
        else "customer_id of the sources",
        "identifiers": "hashed under a key before they were stored"
        if identity is not None and identity.hash_key
        else "stored as they are in the log",
        "interventions": _interventions(config),
    }
    learned = LearnedFrom(
        title=f"Data sheet: {config.name}, cutoff {until.isoformat()}",
        facts=facts,
        events=_events(config),
        sources=[_source(source) for source in config.events.sources],
        attributes=_attributes(data),
    )
    return data_sheet(learned)


def renew_card(model: RegisteredModel) -> None:
    """Write the card of a version from all that is known of it by now.

    What was done before stands whether or not the card can be written, whatever the reason: if not,
    that is a warning. Of two runs at once the one that writes last has seen what both have noted.
    """
    try:
        bundle, record, written = open_model(model), read_record(model), None
        while record != written:
            card = _card(model, bundle, record)
            keep_card(model, model_card(card), summary=markdown_facts(card.facts))
            written, record = record, read_record(model)
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        _log.warning("the model card of %s was not written: %s", model.uri, reason)


def _events(config: Config) -> dict[str, Any] | None:
    """Manifest of the events table; None where it is gone: the sequences are learned from."""
    table = BucketStore(config.store / "events" / config.name)
    return table.manifest() if table.exists() else None


def _card(registered: RegisteredModel, bundle: Bundle, record: VersionRecord) -> Card:
    model, config = bundle.model, bundle.config
    weights = sum(w.numel() for network in model.networks for w in network.parameters())
    size = config["encoder"].get("hidden_size")
    of_size = "" if size is None else f" of size {size}"
    facts = {
        "model": f"{registered.uri}, run {registered.run_id}",
        "registered": record.registered_at.isoformat(timespec="seconds"),
        "program": record.run_tags.get("code", _NONE),
        "has seen": f"what came before {bundle.training_cutoff}",
        "network": f"{len(model.networks)} x {config['encoder']['kind']}{of_size}, head "
        f"{config['head']['kind']}, {weights:,} weights; probabilities averaged",
        "learned from": _learned(record),
        "validation loss": _loss(record),
        "data": f"data set {config['name']}, digest {record.run_tags.get('dataset_digest', _NONE)}",
    }
    tables = record.evaluation
    return Card(
        title=f"Model card: {registered.name}, version {registered.version}",
        facts=facts,
        target=model.target,
        never=bool(config["head"].get("never")),
        evaluated=Evaluated(tables["evaluation"], tables["differences"]) if tables else None,
        decision=_decision(record.tags),
    )


def _learned(record: VersionRecord) -> str:
    sizes = [record.metrics.get(f"learned/{what}") for what in ("customers", "events")]
    if None in sizes:
        return _NONE
    customers, events = sizes
    return (
        f"{customers:,.0f} customers; {events:,.0f} events with those of customers set aside. "
        f"{DATA_SHEET} beside this card says more"
    )


def _loss(record: VersionRecord) -> str:
    loss = record.metrics.get("best_validation_nll")
    return _NONE if loss is None else f"{loss:.4f} nats per landmark, mean of the networks"


def _decision(tags: dict[str, str]) -> Decision | None:
    if "decision" not in tags:
        return None
    said = tags.get("gates", _NONE)
    gates: dict[str, Any] = {} if said == _NONE else json.loads(said)
    return Decision(
        facts={word.replace("_", " "): tags.get(word, _NONE) for word in _DECISION},
        gates=[Gate(name, found, limit, text) for name, (found, limit, text) in gates.items()],
    )


def _interventions(config: Config) -> str:
    named = config.interventions
    said = [
        f"{kind} is {event}"
        for kind, event in (("holdout", named.holdout), ("treatment", named.treatment))
        if event is not None
    ]
    return ", ".join(said) or "none are named"


def _source(source: Source) -> list[object]:
    if isinstance(source, CustomersSource):
        return [source.name, source.kind, "attributes of customers", _NONE]
    if isinstance(source, LinksSource):
        return [source.name, source.kind, "links of identifiers", _NONE]
    kind = source.event_type or f"events of types in {source.event_type_column}"
    done = [
        *([f"joined with a table by {source.lookup.on}"] if source.lookup else []),
        *(["some left out by a condition"] if source.where else []),
        *([f"records alike in {', '.join(source.fold_by)} are one"] if source.fold_by else []),
        *(["repeats dropped"] if source.duplicates == "drop" else []),
        *([f"{len(source.rules)} rules for values"] if source.rules else []),
    ]
    return [source.name, source.kind, kind, "; ".join(done) or _NONE]


def _attributes(data: TrainingData) -> list[list[object]]:
    book = data.codebook
    numbers = [("events", book.numbers), ("customers", book.static_numbers)]
    categories = [("events", book.categories), ("customers", book.static_categories)]
    rows: list[list[object]] = [[name, of, "numbers"] for of, names in numbers for name in names]
    rows += [
        [name, of, f"{len(values):,} categories; rarer ones count as unknown"]
        for of, named in categories
        for name, values in named.items()
    ]
    return rows
