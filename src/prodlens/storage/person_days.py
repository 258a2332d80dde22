"""SQL of what single people used and delivered by day; writes nothing, computes no statistic.

A person is the developer that an identity certainly belongs to, else the id as it stands. Such
figures never leave the program by person: `prodlens.metrics.developers` says what may.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final

from prodlens.storage.persons import person
from prodlens.storage.rollup_sql import ACCEPTED, FAILED, TOKENS, TOKENS_KNOWN

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

    from prodlens.storage.where import Clause


def _author(kind: str, value: str) -> str:
    """Return SQL of the developer that an identity certainly belongs to; NULL when none does."""
    return (
        "(select i.developer_id from developer_identities i "
        f"where i.kind = '{kind}' and i.value = {value} and i.confidence >= 1)"
    )


_CALLS: Final = f"""
select {person("sessions.developer_id")} as person,
    event_date, count(*) as calls, count(distinct session_id) as sessions,
    total(case when {TOKENS_KNOWN} is not null then {TOKENS} end) as tokens,
    total(cost_nanos) as cost_nanos, sum({ACCEPTED}) as accepted,
    sum({FAILED}) as errors
from sessions where {{where}} group by 1, 2
"""
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


def used(conn: sqlite3.Connection, where: Clause) -> Iterator[PersonDay]:
    """Yield what people used, one entry for each metric of use, person and day with calls.

    Args:
        conn: The database.
        where: Condition on `sessions`, without an alias.
    """
    for row in conn.execute(_CALLS.format(where=where.sql), where.parameters):
        counts = {
            "calls": row["calls"],
            "sessions": row["sessions"],
            "tokens": round(row["tokens"] / 1000),
            "cost": round(row["cost_nanos"] / 1e7),
            "accepted": row["accepted"],
            "errors": row["errors"],
        }
        day = date.fromisoformat(row["event_date"])
        for metric, count in counts.items():
            yield PersonDay(person=row["person"], day=day, metric=metric, count=count)


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
