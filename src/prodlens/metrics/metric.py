"""Owns what a catalogue entry is: slug, title, unit, direction of "good", family, needs.

Holds no entry and no data.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from prodlens.metrics.values import Unit


class Better(StrEnum):
    """Which direction is good; `NEITHER` for use and cost, which are no verdict."""

    UP = "up"
    DOWN = "down"
    NEITHER = "neither"


class Family(StrEnum):
    """Which group a metric is shown in; also the name of the module that computes it."""

    INTERACTION = "interaction"
    ACCEPTANCE = "acceptance"
    EDITS = "edits"
    COST = "cost"
    DELIVERY = "delivery"


class Need(StrEnum):
    """What a metric needs from the data; inputs read only what the chosen metrics need."""

    CALLS = "calls"
    SESSIONS = "sessions"
    LATENCY = "latency"
    STATUS = "status"
    TOKENS = "tokens"
    DECISIONS = "decisions"
    LINES = "accepted_lines"
    DIFF_RATIO = "diff_ratio"
    EDITS = "edits"
    TIMES = "times"
    COST = "cost"
    POLICY = "policy"
    DAYS = "days"
    COMMITS = "commits"
    PULL_REQUESTS = "pull_requests"


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """What one metric is.

    Attributes:
        slug: Its name everywhere: CSV, JSON, alerts, command line.
        title: Its name for people, short enough for a terminal column.
        unit: What its value counts.
        better: Which direction is good.
        family: Which group it belongs to.
        definition: How it is computed and what is left out, in full sentences.
        needs: What it needs from the data.
    """

    slug: str
    title: str
    unit: Unit
    better: Better
    family: Family
    definition: str
    needs: frozenset[Need]


def entry(slug: str, title: str, unit: Unit, *needs: Need, **words: Any) -> Metric:
    """Return an entry; `family` and `definition` must be given, `better` is neither unless given.

    A metric of a family of calls needs calls whatever else it needs.
    """
    base = () if words["family"] is Family.DELIVERY else (Need.CALLS,)
    return Metric(
        slug=slug,
        title=title,
        unit=unit,
        better=words.get("better", Better.NEITHER),
        family=words["family"],
        definition=words["definition"],
        needs=frozenset((*base, *needs)),
    )
