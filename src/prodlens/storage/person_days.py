"""SQL of what single people used and delivered by day; writes nothing, computes no statistic.

A person is the developer that an identity certainly belongs to, else the id as it stands. Such
figures never leave the program by person: `prodlens.metrics.developers` says what may.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from itertools import accumulate, groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Final

from prodlens.storage import day_value_rows, persons
from prodlens.storage.day_values import PERSON_COLUMNS
from prodlens.storage.slices import value_slice_of

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Mapping

    from prodlens.selection import Selection
    from prodlens.storage.day_values import DayValues
    from prodlens.storage.where import Clause


def _author(kind: str, value: str) -> str:
    """Return SQL of the developer that an identity certainly belongs to; NULL when none does."""
    return (
        "(select i.developer_id from developer_identities i "
        f"where i.kind = '{kind}' and i.value = {value} and i.confidence >= 1)"
    )


_DAY: Final = attrgetter("event_date")
_NEEDED: Final = ("calls", "sessions", "developers", "developer_calls", *PERSON_COLUMNS)
_COMMITS: Final = f"""
select coalesce({_author("email", "lower(c.author_email)")},
    {_author("github_login", "lower(coalesce(c.author_login, c.author))")},
    c.author_login, c.author, c.author_email) as person,
    substr(c.timestamp, 1, 10) as day, count(distinct c.sha) as delivered
from commits c
where {{where}} and c.on_default_branch = 1 and c.is_merge = 0 and coalesce(c.is_bot, 0) = 0
group by 1, 2
"""
_MERGED: Final = f"""
select coalesce({_author("github_login", "lower(p.author)")}, p.author) as person,
    substr(p.merged_at, 1, 10) as day, count(*) as delivered
from pull_requests p
where {{where}} and p.merged_at is not null and coalesce(p.is_bot, 0) = 0 group by 1, 2
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonDay:
    """What one person did on one day; `person` is None where nobody is named.

    Attributes:
        person: Developer id.
        day: UTC day.
        metric: Slug of the daily metric.
        count: How much of it, in the unit of `prodlens.metrics.daily_metrics`.
    """

    person: str | None
    day: date
    metric: str
    count: int


@dataclass(slots=True)
class _Used:
    """What one person used on one day."""

    calls: int = 0
    tokens: float = 0.0
    nanos: float = 0.0
    accepted: int = 0
    errors: int = 0
    sessions: set[str] = field(default_factory=set)


def used(conn: sqlite3.Connection, selection: Selection) -> Iterator[PersonDay]:
    """Yield what people used, one entry for each metric of use, person and UTC day with calls.

    Args:
        conn: The database.
        selection: The selection; its zone is passed over.
    """
    values = day_value_rows.read(conn, value_slice_of(conn, selection), _NEEDED)
    people = persons.people(conn, {name for one in values for name in one.developers})
    for text, found in groupby(values, _DAY):
        day = date.fromisoformat(text)
        for person, one in _used(found, people).items():
            counts = {
                "calls": one.calls,
                "sessions": len(one.sessions),
                "tokens": round(one.tokens / 1000),
                "cost": round(one.nanos / 1e7),
                "accepted": one.accepted,
                "errors": one.errors,
            }
            for metric, count in counts.items():
                yield PersonDay(person=person, day=day, metric=metric, count=count)


def _used(values: Iterable[DayValues], people: Mapping[str, str]) -> dict[str | None, _Used]:
    """Return what each person used on one day; None is nobody in particular."""
    found: dict[str | None, _Used] = {}
    for one in values:
        calls = [*one.developer_calls, one.calls - sum(one.developer_calls)]
        ends = [*accumulate(one.person_session_counts)]
        for place, person in enumerate([*(people[name] for name in one.developers), None]):
            if not calls[place]:
                continue
            known = found.setdefault(person, _Used())
            known.calls += calls[place]
            known.tokens += one.person_tokens[place]
            known.nanos += one.person_nanos[place]
            known.accepted += one.person_accepted[place]
            known.errors += one.person_errors[place]
            begin = ends[place] - one.person_session_counts[place]
            named = one.person_sessions[begin : ends[place]]
            known.sessions.update(map(one.sessions.__getitem__, named))
    return found


def delivered(conn: sqlite3.Connection, commits: Clause, requests: Clause) -> Iterator[PersonDay]:
    """Yield the commits that people landed and the pull requests that they got merged.

    Args:
        conn: The database.
        commits: Condition on `commits`, alias `c`.
        requests: Condition on `pull_requests` about `merged_at`, alias `p`.
    """
    for metric, statement, where in (
        ("commits", _COMMITS, commits),
        ("merged_prs", _MERGED, requests),
    ):
        for row in conn.execute(statement.format(where=where.sql), where.parameters):
            yield PersonDay(
                person=row["person"],
                day=date.fromisoformat(row["day"]),
                metric=metric,
                count=row["delivered"],
            )
