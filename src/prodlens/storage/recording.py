"""What one batch of records says -> every table, in the caller's one transaction.

The order inside matters for speed only: whatever arrives later decides what depends on it again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from prodlens.clock import format_instant
from prodlens.storage import context_facts, dirty_days, suggestions, traces
from prodlens.storage.preparing import prepare

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable

    from prodlens.schemas import CanonicalTrace, ContextFact, DailyFact, SessionLink, Suggestion
    from prodlens.storage.merging import Observation, Place
    from prodlens.storage.preparing import Prepared
    from prodlens.storage.traces import Added

_LINK: Final = """
insert into session_links (session_id, kind, repo_slug, ref, occurred_at, source)
values (?, ?, ?, ?, ?, ?)
on conflict (session_id, kind, repo_slug, ref, source) do update set
    occurred_at = excluded.occurred_at
where excluded.occurred_at is not null
    and (occurred_at is null or excluded.occurred_at < occurred_at)
"""
_DAY: Final = """
insert into assistant_days (source, event_date, developer_id, metric, dimension, value)
values (?, ?, ?, ?, ?, ?)
on conflict (source, event_date, developer_id, metric, dimension) do update set
    value = excluded.value
where excluded.value > value
"""


@dataclass(slots=True)
class Records:
    """What a batch of records says.

    Attributes:
        calls: Calls.
        suggestions: Edits, each with its place.
        facts: What turns, traces and sessions tell their calls.
        links: Pull requests and commits of sessions.
        days: Figures that vendors report per day. Of two figures for the same thing the larger
            one stands: a day that was not over is reported again.
    """

    calls: list[Observation] = field(default_factory=list)
    suggestions: list[tuple[Suggestion, Place]] = field(default_factory=list)
    facts: list[ContextFact] = field(default_factory=list)
    links: list[SessionLink] = field(default_factory=list)
    days: list[DailyFact] = field(default_factory=list)
    _prepared: Prepared | None = field(default=None, init=False, repr=False, compare=False)

    def prepared(self) -> Prepared:
        """Return the calls as they are stored; what takes time is done once, in the first call.

        Needs no database: do it before a transaction begins, so that others may write meanwhile.
        """
        if self._prepared is None or len(self._prepared.observations) != len(self.calls):
            self._prepared = prepare(list(self.calls))
        return self._prepared


def record(
    conn: sqlite3.Connection,
    records: Records,
    *,
    price: Callable[[CanonicalTrace], tuple[int, str] | None] | None = None,
    salted: Callable[[Iterable[int]], bytes] | None = None,
) -> Added:
    """Store a batch inside the caller's transaction, and mark the days that are stale now.

    Args:
        conn: The connection.
        records: What the records say.
        price: Prices a call whose model is known only from another record.
        salted: Makes digests fit to be stored; needed for suggestions.
    """
    scopes = context_facts.add(conn, records.facts) if records.facts else set()
    done = traces.add(conn, records.prepared(), scopes=scopes, price=price)
    touched: set[int] = set()
    if records.suggestions and salted is not None:
        touched = suggestions.add(conn, records.suggestions, salted)
    touched |= done.edits | suggestions.concerned(conn, done.calls, scopes)
    if touched or done.calls:
        days = suggestions.settle(conn, touched, done.calls)
        dirty_days.mark(conn, dirty_days.SESSIONS, days)
        done.days |= days
    conn.executemany(
        _LINK,
        [
            (
                link.session_id,
                link.kind.value,
                link.repo_slug or "",
                link.ref,
                None if link.occurred_at is None else format_instant(link.occurred_at),
                link.source,
            )
            for link in records.links
        ],
    )
    conn.executemany(
        _DAY,
        [
            (d.source, d.event_date, d.developer_id or "", d.metric, d.dimension, d.value)
            for d in records.days
        ],
    )
    return done
