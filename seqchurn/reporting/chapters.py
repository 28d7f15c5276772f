"""All that a report tells -> its chapters, and the page of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from seqchurn.evaluation import Assessment, against_best, verdict
from seqchurn.evaluation.table import horizon_text
from seqchurn.inspection import Section
from seqchurn.metrics import gain_curve
from seqchurn.plots import (
    Chapter,
    gain_chart,
    page,
    pit_chart,
    reliability_by_cohort_chart,
    reliability_chart,
    staleness_chart,
    timeline_chart,
)
from seqchurn.reporting.examples import Examples
from seqchurn.reporting.glossary import GLOSSARY
from seqchurn.reporting.tables import cohort_table, difference_table, score_tables
from seqchurn.schema import CUSTOMER_ID

__all__ = ["Asked", "Reported", "report_page"]


@dataclass(frozen=True)
class Asked:
    """What was asked, in words.

    Args:
        name: Of the data set.
        network: Name of the network among the models.
        facts: A word each, and what is said of it.
    """

    name: str
    network: str
    facts: Mapping[str, str]


@dataclass(frozen=True)
class Reported:
    """What is reported.

    Args:
        assessment: What was found at the cutoff.
        data: Tables of what is in the log and what was refused.
        customers: By horizon in days `customer_id`, `ordered` and P(order) of each model.
        examples: Customers who are shown.
        events: Of these customers, rows of the events table.
        scores: Of these customers, rows of a score table of the cutoff.
        ageing: The frame of `seqchurn.evaluation.backtest.compared`; None: there was no backtest.
    """

    assessment: Assessment
    data: Sequence[Section]
    customers: Mapping[float, pl.DataFrame]
    examples: Examples
    events: pl.DataFrame
    scores: pl.DataFrame
    ageing: pl.DataFrame | None


def report_page(asked: Asked, reported: Reported) -> str:
    """The report as one HTML page that needs nothing beside it."""
    chapters = [
        _models(asked, reported.assessment),
        _calibration(reported.assessment),
        _cohorts(asked, reported.assessment),
        _gain(asked, reported),
        _examples(reported),
        _ageing(reported.ageing),
        Chapter(
            "The data",
            ["What was read, and what was refused because it could not be believed."],
            sections=reported.data,
        ),
        Chapter("How to read it", sections=[Section("", ["word", "what it says"], GLOSSARY)]),
    ]
    title = f"{asked.name}: when does the next order come?"
    return page(title, facts={**asked.facts, **_verdicts(reported.assessment)}, chapters=chapters)


def _verdicts(assessment: Assessment) -> dict[str, str]:
    """One sentence on whether the network is worth it."""
    best = [row for row in against_best(assessment.differences) if row["metric"] == "log_loss"]
    if not best:
        return {}
    found = [verdict(row) for row in best]
    better = sum(row["difference"] < 0 for row in best)
    return {
        "log-loss": f"lower than the best baseline's at {better} of {len(best)} horizons; beyond "
        f"what chance leaves: better at {found.count('win')}, worse at {found.count('loss')}"
    }


def _models(asked: Asked, assessment: Assessment) -> Chapter:
    return Chapter(
        "Is it better than what one would use otherwise?",
        [
            f"All models were asked about the same customers at the same cutoff. {asked.network} "
            "was trained once for all horizons, boosted trees anew for each.",
            "The last columns hold where the difference lies with 95 % certainty, had other "
            "customers been drawn: where that range holds zero it is called a tie.",
        ],
        sections=[*score_tables(assessment.scores), difference_table(assessment.differences)],
    )


def _calibration(assessment: Assessment) -> Chapter:
    return Chapter(
        "Can its probabilities be taken at their word?",
        [
            "On the diagonal, of customers for whom 30 % is said, 30 in 100 order. Below it the "
            "model promises too much.",
            "The bars say the same of dates: each should reach the dashed line. High bars on the "
            "left are orders that came sooner than said, on the right later.",
        ],
        charts=[reliability_chart(assessment.reliability), pit_chart(assessment.pit)],
    )


def _cohorts(asked: Asked, assessment: Assessment) -> Chapter:
    return Chapter(
        "For whom?",
        [
            "What is right of all customers can be wrong of newcomers. Less best is its "
            "log-loss less that of the best baseline in the cohort: below zero it is better."
        ],
        charts=[reliability_by_cohort_chart(assessment.reliability)],
        sections=[cohort_table(asked.network, assessment.scores)],
    )


def _gain(asked: Asked, reported: Reported) -> Chapter:
    horizon = reported.examples.horizon_days
    customers = reported.customers[horizon]
    lost = ~customers["ordered"]
    known = [name for name in customers.columns if customers[name].dtype == pl.Float64]
    models = [asked.network, *(name for name in known if name != asked.network)]
    whole = [name for name in models if not customers[name].null_count()]
    charts = []
    if lost.any():
        curves = {name: gain_curve(1.0 - customers[name], lost) for name in whole}
        charts = [gain_chart(curves)]
    return Chapter(
        "Whom to look after first?",
        [
            f"Customers by their risk of no order within {horizon_text(horizon)}, the riskiest "
            f"first: how many of the {int(lost.sum()):,} who then did not order are reached? On "
            "the dashed line one would draw lots."
        ],
        charts=charts,
    )


def _examples(reported: Reported) -> Chapter:
    examples = reported.examples
    within = horizon_text(examples.horizon_days)
    lines = [
        [kind, customer, orders, f"{probability:.1%}", "yes" if ordered else "no"]
        for kind, customer, probability, orders, ordered in examples.rows.select(
            "kind", CUSTOMER_ID, "probability", "orders", "ordered"
        ).iter_rows()
    ]
    nobody = reported.events.is_empty()
    charts = [] if nobody else [timeline_chart(reported.events, reported.scores)]
    headers = ["it was said that they", "customer", "orders before", f"within {within}", "came"]
    return Chapter(
        "Some customers",
        [
            "Those of whom it was surest, where it was right and where it was wrong. The dashed "
            "line is the cutoff; what stands behind it the model had not seen."
        ],
        charts=charts,
        sections=[Section("", headers, lines)],
    )


def _ageing(ageing: pl.DataFrame | None) -> Chapter:
    title = "How long does it last?"
    if ageing is None:
        return Chapter(title, ["There was no backtest yet: seqchurn backtest makes one."])
    first, last = str(ageing["cutoff"].min()), str(ageing["cutoff"].max())
    text = (
        f"One network, fitted at the first cutoff of the last backtest, {first}, and judged at "
        f"each up to {last}, beside fresh baselines."
    )
    return Chapter(title, [text], charts=[staleness_chart(ageing)])
