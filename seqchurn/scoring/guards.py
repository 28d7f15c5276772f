"""Scores that are not published yet -> what of them, or of what they are made from, looks wrong.

Each guard reads one number off a night, the higher the worse; a night without that number, as the
first one of all, passes it. Shifts are looked at in groups that are large enough: of fewer than 500
customers or events, chance alone moves many. Limits are those of the config section `guards`.
"""

from __future__ import annotations

import itertools
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from seqchurn.config.guards import GuardsConfig
from seqchurn.console import table
from seqchurn.errors import DataError
from seqchurn.metrics.drift import population_stability, quantile_counts, two_sample_distance
from seqchurn.scoring.profile import Profile
from seqchurn.storage import Snapshot

__all__ = ["GUARDS", "Finding", "Night", "ask_guards"]

_log = logging.getLogger(__name__)

_FEWEST = 500
_ROUNDING = 1e-9  # of probabilities
_DATES = ("as_of", "next_order_p10", "next_order_p50", "next_order_p90")
_OF_SCORES = ("score_psi", "score_distance")  # which another model may move


@dataclass(frozen=True)
class Night:
    """Scores that are not published yet, and what they are made from."""

    as_of: datetime
    scores: pl.LazyFrame
    """The score table, without percentiles."""
    profile: Profile
    previous: Snapshot | None
    """The table published last before the moment."""
    known_types: frozenset[str]
    """Event types that the model was trained on."""
    trained_until: datetime
    """First instant that the model has not seen."""
    horizons: dict[str, float]
    """Of the table, as its columns name them, to their days."""
    model: tuple[str, str]
    """Name and version of who scored."""

    def by_another_model(self) -> bool:
        """Whether the last table is by another model."""
        facts = self.previous.facts if self.previous else {}
        return (facts.get("model_name"), facts.get("model_version")) != self.model

    def p_order(self) -> list[str]:
        """Columns of P(order), the shortest horizon first."""
        return [f"p_order_{h}" for h in sorted(self.horizons, key=lambda h: self.horizons[h])]

    def pair(self, column: str) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]] | None:
        """A column of the last table and of this one; None where one has too few rows, or none."""
        if self.previous is None or column not in self.previous.scan().collect_schema().names():
            return None
        tables = (self.previous.scan(), self.scores)
        before, now = (t.select(column).collect()[column].to_numpy() for t in tables)
        return (before, now) if min(len(before), len(now)) >= _FEWEST else None


@dataclass(frozen=True)
class Finding:
    """What a guard has read."""

    guard: str
    value: float
    text: str
    """The value in words."""
    limit: float

    @property
    def passed(self) -> bool:
        """Whether all is well."""
        return self.value <= self.limit


Reading = tuple[float, str] | None


def ask_guards(night: Night, guards: GuardsConfig) -> list[Finding]:
    """What the guards have read, all that there was to read; warnings are logged.

    That scores have moved is a warning where they are by another model than those before.

    Raises:
        DataError: If one that refuses has read more than its limit.
    """
    findings = list(_findings(night, guards))
    warn = {*guards.warn, *(_OF_SCORES if night.by_another_model() else ())}
    failed = [finding for finding in findings if not finding.passed]
    for found in failed:
        if found.guard in warn:
            name, limit = f"guards.max_{found.guard}", found.limit
            _log.warning("%s: %s (%s %g)", found.guard, found.text, name, limit)
    if refused := [finding for finding in failed if finding.guard not in warn]:
        raise DataError(_refusal(night, refused))
    return findings


def _findings(night: Night, guards: GuardsConfig) -> Iterator[Finding]:
    for guard, read in GUARDS.items():
        limit = getattr(guards, f"max_{guard}")
        if limit is not None and (reading := read(night)) is not None:
            yield Finding(guard, *reading, limit)


def _refusal(night: Night, refused: list[Finding]) -> str:
    rows = [[f.guard, f.text, f"{f.limit:g}"] for f in refused]
    return (
        f"scores as of {night.as_of.isoformat()} are not published, for these guards refuse:\n"
        f"{table(rows, ['guard', 'found', 'limit'])}\n"
        "What was published before stays in place, and nothing has to be scored again. Mend the "
        "input; or, if it is right, raise the limit (--guards.max_...) or name the guard in "
        "guards.warn."
    )


def _staleness_hours(night: Night) -> Reading:
    return _since(night, "event", night.profile.newest_event_at)


def _order_staleness_hours(night: Night) -> Reading:
    newest = night.profile.newest_target_at
    return _since(night, "order", newest) if newest else None


def _since(night: Night, what: str, newest: datetime) -> Reading:
    hours = (night.as_of - newest).total_seconds() / 3_600
    return hours, f"the newest {what} is of {newest:%Y-%m-%d %H:%M}, {hours:,.0f} hours before"


def _model_age_days(night: Night) -> Reading:
    days = (night.as_of - night.trained_until).total_seconds() / 86_400
    return days, f"the model has seen nothing of the last {max(days, 0.0):,.0f} days"


def _bad_scores(night: Night) -> Reading:
    shares = [pl.col(c).is_between(0.0, 1.0) for c in [*night.p_order(), "p_churn", "p_never"]]
    rising = [pl.col(a) <= pl.col(b) + _ROUNDING for a, b in itertools.pairwise(night.p_order())]
    counts = [_is_count(f"expected_orders_{h}") for h in night.horizons]
    good = pl.all_horizontal(*shares, *rising, *counts).fill_null(value=False)
    later = [pl.col(a) <= pl.col(b) for a, b in itertools.pairwise(_DATES)]
    may_lack = [_is_count("quiet_days"), *later]  # who never ordered; dates beyond reach
    good &= pl.all_horizontal(*(there.fill_null(value=True) for there in may_lack))
    bad = int(night.scores.select((~good).sum()).collect().item())
    return bad, f"{bad:,} customers have a score that is no number, or out of its range"


def _is_count(column: str) -> pl.Expr:
    return pl.col(column).is_finite() & (pl.col(column) >= 0.0)


def _customers_dropped(night: Night) -> Reading:
    if night.previous is None:
        return None
    count = int(night.scores.select(pl.len()).collect().item())
    return _dropped("customers", night.previous.manifest["total_rows"], count)


def _events_dropped(night: Night) -> Reading:
    known = _last_profile(night)
    return _dropped("events", known["events"], night.profile.events) if known else None


def _dropped(what: str, before: int, now: int) -> Reading:
    share = max(1.0 - now / before, 0.0) if before else 0.0
    return share, f"{now:,} {what}, {share:.1%} fewer than the {before:,} of the last table"


def _unknown_events(night: Night) -> Reading:
    recent = night.profile.recent_events
    unknown = {t: n for t, n in recent.items() if t not in night.known_types}
    share = sum(unknown.values()) / max(sum(recent.values()), 1)
    commonest = sorted(unknown, key=lambda t: (-unknown[t], t))[:5]
    names = f": {', '.join(commonest)}" if commonest else ""
    return share, f"{share:.1%} of the recent events are of types new to the model{names}"


def _score_psi(night: Night) -> Reading:
    return _worst(night, lambda before, now: population_stability(*quantile_counts(before, now)))


def _score_distance(night: Night) -> Reading:
    return _worst(night, two_sample_distance)


def _worst(
    night: Night,
    distance: Callable[[npt.NDArray[np.float64], npt.NDArray[np.float64]], float],
) -> Reading:
    """The distance of the horizon of which P(order) has moved most."""
    pairs = {column: night.pair(column) for column in night.p_order()}
    found = {c: distance(*pair) for c, pair in pairs.items() if pair is not None}
    if not found:
        return None
    column = max(found, key=lambda c: found[c])
    return found[column], f"{column} is {found[column]:.3f} from that of the last table"


def _quiet_psi(night: Night) -> Reading:
    pair = night.pair("quiet_days")
    if pair is None:
        return None
    value = population_stability(*quantile_counts(*pair))
    return value, f"quiet days are {value:.3f} from those of the last table"


def _event_mix_psi(night: Night) -> Reading:
    known = _last_profile(night)
    before, now = (known or {}).get("recent", {}), night.profile.recent_events
    if min(sum(before.values()), sum(now.values())) < _FEWEST:
        return None
    types = sorted({*before, *now})
    counts = [[events.get(t, 0) for t in types] for events in (before, now)]
    value = population_stability(*counts)
    return value, f"types of recent events are {value:.3f} from those of the last table"


def _last_profile(night: Night) -> dict[str, Any] | None:
    return night.previous.facts.get("profile") if night.previous else None


GUARDS: dict[str, Callable[[Night], Reading]] = {
    "staleness_hours": _staleness_hours,
    "order_staleness_hours": _order_staleness_hours,
    "model_age_days": _model_age_days,
    "bad_scores": _bad_scores,
    "customers_dropped": _customers_dropped,
    "events_dropped": _events_dropped,
    "unknown_events": _unknown_events,
    "score_psi": _score_psi,
    "score_distance": _score_distance,
    "quiet_psi": _quiet_psi,
    "event_mix_psi": _event_mix_psi,
}
"""Name of each guard, in the order of the config, to what reads it."""
