"""seqchurn report: an evaluation -> one page for people who have to decide."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import polars as pl

from seqchurn.commands.evaluate import REPORT, Evaluation, evaluate
from seqchurn.commands.inspect import mapped_of
from seqchurn.commands.parts import fitting_model, score_options, sequences_store
from seqchurn.config import Config
from seqchurn.config.units import duration_days
from seqchurn.evaluation.backtest import compared
from seqchurn.evaluation.table import horizon_text, moment_text
from seqchurn.files import replacing
from seqchurn.inspection import Section, facts, read_contents, sections
from seqchurn.prediction import score_rows
from seqchurn.reporting import Asked, Reported, pick_examples, report_page
from seqchurn.schema import CUSTOMER_ID
from seqchurn.storage import BucketStore
from seqchurn.tracking import log_to_run

__all__ = ["run"]

_DATA = ("Records by source", "Quarantine")


def run(config: Config, *, model_version: str | None = None) -> Path:
    """Evaluate a model and write the report beside the tables; where it lies.

    Args:
        config: The whole config.
        model_version: Version or alias; default: the newest.

    Raises:
        SeqchurnError: If the config, the data or the model do not allow it.
    """
    evaluation = evaluate(config, model_version=model_version)
    file = write_report(config, evaluation)
    print(f"{evaluation}\npage    {file}")
    return file


def write_report(config: Config, evaluation: Evaluation) -> Path:
    """Write the page of an evaluation, also to its run in MLflow; where it lies.

    Raises:
        SeqchurnError: If the disk or the MLflow store refuses.
    """
    file = evaluation.folder / REPORT
    text = report_page(_asked(config, evaluation), _reported(config, evaluation))
    with replacing(file) as beside:
        beside.write_text(text, encoding="utf-8")
    log_to_run(evaluation.run_id, file)
    return file


def _asked(config: Config, evaluation: Evaluation) -> Asked:
    outcomes = evaluation.outcomes
    horizons = ", ".join(horizon_text(days) for days in outcomes.horizons_days.tolist())
    return Asked(
        name=config.name,
        network=evaluation.network,
        facts={
            "asked": f"at {moment_text(outcomes.cutoff_text)}, does the next "
            f"{config.waits.target} come within {horizons}?",
            "customers": f"{outcomes.known.height:,}, all who were known by then",
            "model": f"{evaluation.registered.uri}, run {evaluation.registered.run_id}",
        },
    )


def _reported(config: Config, evaluation: Evaluation) -> Reported:
    horizons = evaluation.outcomes.horizons_days.tolist()
    customers = {days: evaluation.customers(days) for days in horizons}
    horizon = _nearest(horizons, duration_days(config.scoring.churn_horizon))
    examples = pick_examples(customers[horizon], model=evaluation.network, horizon_days=horizon)
    shown = pl.col(CUSTOMER_ID).is_in(examples.rows[CUSTOMER_ID].implode())
    events = BucketStore(config.store / "events" / config.name)
    return Reported(
        assessment=evaluation.assessment,
        data=_data(config, events),
        customers=customers,
        examples=examples,
        events=events.scan().filter(shown).collect(),
        scores=_scores(config, evaluation, shown, examples.rows.select(CUSTOMER_ID)),
        ageing=_ageing(config, evaluation.network),
    )


def _nearest(horizons: list[float], wanted: float) -> float:
    return min(horizons, key=lambda days: (abs(days - wanted), days))


def _data(config: Config, events: BucketStore) -> list[Section]:
    contents = read_contents(events.snapshot(), mapped_of(config))
    said = [[word, fact] for word, fact in facts(contents).items()]
    tables = [section for section in sections(contents) if section.title in _DATA]
    return [Section("The log", ["", ""], said), *tables]


def _scores(
    config: Config, evaluation: Evaluation, shown: pl.Expr, order: pl.DataFrame
) -> pl.DataFrame:
    """Rows of the score table of the cutoff, in an order of customers."""
    registered, bundle = fitting_model(config, evaluation.registered.version)
    sequences = sequences_store(config).scan().filter(shown).collect()
    cutoff: datetime = evaluation.outcomes.cutoff
    options, facts = score_options(config), registered.facts
    rows = score_rows(bundle.model, sequences, cutoff, options=options, version=facts)
    return order.join(rows, on=CUSTOMER_ID, how="inner", maintain_order="left")


def _ageing(config: Config, network: str) -> pl.DataFrame | None:
    """What the last backtest of the config found; None if there was none of such a network."""
    folder = config.store / "backtest" / config.name
    files = sorted(folder.glob("refit=*/backtest.json"), key=lambda file: file.stat().st_mtime)
    if not files:
        return None
    rows = json.loads(files[-1].read_text(encoding="utf-8"))
    known = any(row["model"] == network for row in rows)
    return compared(rows, network=network) if known else None
