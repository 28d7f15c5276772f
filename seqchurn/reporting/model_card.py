"""A version of a model and what is known of it -> a model card in Markdown.

The questions are those of Mitchell et al., "Model cards for model reporting" (FAT* 2019): what it
is, what it is for, what it learned from, how well it does, for whom, and what to beware of.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from seqchurn.evaluation.gates import Gate, gates_rows
from seqchurn.inspection import Section
from seqchurn.plots import Chapter
from seqchurn.reporting.markdown import markdown_page
from seqchurn.reporting.tables import cohort_table, difference_table, score_tables

__all__ = ["Card", "Decision", "Evaluated", "model_card"]

_Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Evaluated:
    """What the last evaluation found.

    Args:
        scores: Rows of `evaluation.json`.
        differences: Rows of `differences.json`.
    """

    scores: _Rows
    differences: _Rows

    @property
    def dataset(self) -> str:
        """Name of the log on which they were asked."""
        return str(self.scores[0]["dataset"])

    @property
    def cutoff(self) -> str:
        """Moment at which models were asked."""
        return str(self.scores[0]["cutoff"])

    @property
    def network(self) -> str:
        """Name of the network among the models: the one that is compared with all others."""
        return str(self.differences[0]["model"] if self.differences else self.scores[0]["model"])


@dataclass(frozen=True)
class Decision:
    """What was last decided about the version.

    Args:
        facts: A word each, and what is said of it.
        gates: What was asked of it; empty where it was promoted without.
    """

    facts: Mapping[str, str]
    gates: Sequence[Gate]


@dataclass(frozen=True)
class Card:
    """A version, and what is known of it by now.

    Args:
        title: Heading of the card.
        facts: What to say first: a word each, and what is said of it.
        target: Event type that is an order.
        never: Whether it may say that a customer never orders again.
        evaluated: None: not yet.
        decision: None: not yet.
    """

    title: str
    facts: Mapping[str, str]
    target: str
    never: bool
    evaluated: Evaluated | None
    decision: Decision | None


def model_card(card: Card) -> str:
    """The card as Markdown."""
    chapters = [_purpose(card), *_quality(card.evaluated), _decided(card.decision), _limits(card)]
    return markdown_page(card.title, facts=card.facts, chapters=chapters)


def _purpose(card: Card) -> Chapter:
    return Chapter(
        "What it is for",
        [
            f"It says when a customer's next {card.target} comes, as a distribution. The chance of "
            "one within a time, the risk of none, dates and expected numbers are read from it. It "
            "is made to rank customers and to plan with sums over many of them.",
            "It is not made to decide what a person is owed, offered or refused, nor for customers "
            "of whom there is no event yet. It says what will happen if all goes on as it did; "
            "what an action would change it does not say.",
        ],
    )


def _quality(evaluated: Evaluated | None) -> list[Chapter]:
    title = "How well it does"
    if evaluated is None:
        return [Chapter(title, ["It was not evaluated yet: seqchurn evaluate does."])]
    scores, network = evaluated.scores, evaluated.network
    return [
        Chapter(
            title,
            [
                f"Asked at {evaluated.cutoff} of {evaluated.dataset}, and held against what "
                "followed. Higher is better: AUC; lower: log-loss, Brier and ECE (calibration "
                "error). The last table has 95 % intervals over customers; one that holds zero is "
                "a tie."
            ],
            sections=[*score_tables(scores), difference_table(evaluated.differences)],
        ),
        Chapter(
            "For whom",
            ["Less best is its log-loss less the best baseline's there: below zero is better."],
            sections=[cohort_table(network, scores)],
        ),
    ]


def _decided(decision: Decision | None) -> Chapter:
    title = "May it score?"
    if decision is None:
        return Chapter(title, ["Nothing was decided yet: seqchurn promote does."])
    facts = [[word, fact] for word, fact in decision.facts.items()]
    tables = [Section("", ["decision", ""], facts)]
    if decision.gates:
        headers = ["gate", "found", "limit", "", "what it says"]
        tables.append(Section("Gates", headers, gates_rows(decision.gates)))
    return Chapter(title, sections=tables)


def _limits(card: Card) -> Chapter:
    never = (
        "It gives every customer some chance never to order again, which no log can confirm."
        if card.never
        else "It takes every customer to order again at some time, however late."
    )
    return Chapter(
        "What to beware of",
        [
            "Types of events and values that did not occur before its cutoff are all alike to it.",
            "How busy the shop is after the cutoff is carried on from before. A level that moves, "
            "by a campaign, a season that the log holds once or a closed branch, shows as scores "
            "that are too high or too low for all: seqchurn monitor looks for it.",
            f"{never} Beyond the span of the log it extrapolates.",
            "If the shop acts upon its scores, what customers do is no longer what it foretold: "
            "keep a holdout that is left alone.",
            "It ages: the staleness curve of seqchurn backtest tells how fast.",
        ],
    )
