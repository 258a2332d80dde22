"""Owns the daily series of single developers, and on which days a developer was there at all.

Whose days they are never leaves the program: results are about the group. A developer is there
from their first to their last call or delivery of the window; a silence of both that is too long
for how often they do anything is taken for time off, and those days are not known.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from prodlens.clock import day_start
from prodlens.metrics.calendar import Days
from prodlens.selection import Selection
from prodlens.storage import person_days, where
from prodlens.storage.connection import naming_errors

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date

    from prodlens.storage import ProdLensStore
    from prodlens.storage.person_days import PersonDay

BY_PERSON: Final = frozenset(
    {"calls", "sessions", "tokens", "cost", "accepted", "errors", "commits", "merged_prs"}
)
"""Daily metrics of which the person behind each count may be known."""
UNLIKELY: Final = 0.005
"""A silence that is rarer than this, were all days alike, is time off."""
_PASSES: Final = 3
_WEEKEND: Final = (5, 6)
_DAY: Final = timedelta(days=1)

Counts = dict["date", int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Developers:
    """What each developer used and delivered by day, over one window.

    Attributes:
        days: Whole days of the window; None when there are none.
        counts: Developer -> metric -> day -> count; a day without one may be absent.
        unnamed: Metric -> count of what nobody is named for.
        digest: Of all counts, whoever they belong to; equal for equal data.
    """

    days: Days | None = None
    counts: Mapping[str, Mapping[str, Counts]] = field(default_factory=dict)
    unnamed: Mapping[str, int] = field(default_factory=dict)
    digest: str = ""

    def of(self, developer: str, metric: str) -> Counts:
        """Return the counts of one developer by day; empty when there are none."""
        return dict(self.counts.get(developer, {}).get(metric, {}))

    def users(self, metric: str) -> list[str]:
        """Return the developers with any of a metric, in order of their ids."""
        return sorted(one for one, found in self.counts.items() if any(found[metric].values()))

    def linked_share(self, x: str, y: str) -> float | None:
        """Return the share of the deliveries that belong to somebody with any use.

        Returns:
            0 to 1; None without deliveries.
        """
        users = set(self.users(x))
        found = {one: sum(counts[y].values()) for one, counts in self.counts.items()}
        total = sum(found.values()) + self.unnamed.get(y, 0)
        return sum(found[one] for one in users) / total if total else None

    def unnamed_share(self, metric: str) -> float | None:
        """Return the share of a metric that belongs to nobody known, and so stands in no row.

        Returns:
            0 to 1; None when there is nothing of it.
        """
        named = sum(sum(counts[metric].values()) for counts in self.counts.values())
        unnamed = self.unnamed.get(metric, 0)
        return unnamed / (named + unnamed) if named + unnamed else None

    def there(self, developer: str) -> frozenset[date]:
        """Return the days on which a developer was there."""
        if self.days is None:
            return frozenset()
        active = {
            day for counts in self.counts[developer].values() for day, n in counts.items() if n
        }
        seen = sorted(day for day in active if self.days.first <= day <= self.days.last)
        if not seen:
            return frozenset()
        within = frozenset(Days(seen[0], seen[-1]))
        return within - _away(seen, within)


def _away(seen: Sequence[date], within: frozenset[date]) -> frozenset[date]:
    """Return the days of silences that are too long for how often a developer does anything.

    Time off is a common cause of no use and no delivery, which no effect of a day takes out. How
    long a silence must be depends on the developer: with a fixed length, quiet spells of people
    who do little would go too, and with them the days on which both are 0.
    """
    active: set[date] = set(seen)
    away: frozenset[date] = frozenset()
    silences = [
        frozenset(Days(before + _DAY, after - _DAY))
        for before, after in pairwise(seen)
        if (after - before).days > 1
    ]
    for _ in range(_PASSES):
        work = [day for day in within - away if day.weekday() not in _WEEKEND]
        idle = 1.0 - sum(day in active for day in work) / max(len(work), 1)
        away = frozenset().union(*(one for one in silences if idle ** _work_days(one) < UNLIKELY))
    return away


def _work_days(silence: frozenset[date]) -> int:
    return sum(day.weekday() not in _WEEKEND for day in silence)


def read_developers(store: ProdLensStore, selection: Selection, days: Days | None) -> Developers:
    """Read what each developer used and delivered on the whole days of a window.

    Args:
        store: The store; it is only read.
        selection: The slice; its times are passed over, the days decide.
        days: The days.

    Raises:
        StoreError: The database can't be read.
    """
    if days is None:
        return Developers()
    window = Selection(
        since=day_start(days.first),
        until=day_start(days.after),
        repositories=selection.repositories,
        models=selection.models,
        sources=selection.sources,
        traffic=selection.traffic,
    )
    with naming_errors(store.path):
        conn = store.conn
        found = [
            *person_days.used(conn, window),
            *person_days.delivered(
                conn, where.commits(window, alias="c"), where.pull_requests(window, alias="p")
            ),
        ]
    return gathered(found, days)


def gathered(found: Iterable[PersonDay], days: Days) -> Developers:
    """Return single entries by developer, metric and day."""
    counts: dict[str, dict[str, Counts]] = {}
    unnamed: dict[str, int] = defaultdict(int)
    for one in found:
        if one.person is None:
            unnamed[one.metric] += one.count
            continue
        metrics = counts.setdefault(one.person, {slug: {} for slug in sorted(BY_PERSON)})
        by_day = metrics[one.metric]
        by_day[one.day] = by_day.get(one.day, 0) + one.count
    return Developers(
        days=days, counts=counts, unnamed=dict(unnamed), digest=_digest(counts.values())
    )


def _digest(found: Iterable[Mapping[str, Counts]]) -> str:
    """Return a digest that no order of people or days changes."""
    texts = sorted(
        json.dumps(
            [
                [slug, sorted((day.isoformat(), n) for day, n in by_day.items())]
                for slug, by_day in sorted(metrics.items())
            ]
        )
        for metrics in found
    )
    return hashlib.sha256("\n".join(texts).encode("ascii")).hexdigest()
