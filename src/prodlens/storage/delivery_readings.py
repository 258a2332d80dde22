"""SQL that reads the facts behind the delivery metrics, over one slice; writes nothing.

Reads rows, never rollups. Which of the facts are rework, and what is known, is decided in
`prodlens.metrics`. Commits count on the day they landed (`timestamp`).
"""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from prodlens.clock import format_instant, parse_stored

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

    from prodlens.storage.where import Clause

_COUNTED: Final = "c.on_default_branch = 1 and c.is_merge = 0"
_BY_PEOPLE: Final = f"{_COUNTED} and coalesce(c.is_bot, 0) = 0"

_REPOSITORIES: Final = """
select r.repo_id, nullif(lower(r.slug), '') as slug,
    (select min(c.timestamp) from commits c
        where c.repo_id = r.repo_id and c.on_default_branch = 1) as first_commit,
    (select max(c.timestamp) from commits c where c.repo_id = r.repo_id
        and c.on_default_branch = 1 and c.timestamp <= :horizon) as last_commit,
    (select min(coalesce(p.created_at, p.merged_at, p.closed_at)) from pull_requests p
        where p.repo_id = r.repo_id) as first_request,
    (select max(coalesce(max(coalesce(p.created_at, ''), coalesce(p.merged_at, ''),
            coalesce(p.closed_at, ''), coalesce(p.reopened_at, ''), coalesce(p.updated_at, '')), ''))
        from pull_requests p where p.repo_id = r.repo_id
        and coalesce(p.merged_at, p.closed_at, p.updated_at, p.created_at) <= :horizon
    ) as last_request,
    exists (select 1 from commits c where c.repo_id = r.repo_id)
        or exists (select 1 from sync_state s
            where s.repo_id = r.repo_id and s.stream in ('commits', 'git')) as commits_known,
    exists (select 1 from pull_requests p where p.repo_id = r.repo_id)
        or exists (select 1 from sync_state s
            where s.repo_id = r.repo_id and s.stream = 'pulls') as requests_known,
    exists (select 1 from pull_requests p
        where p.repo_id = r.repo_id and p.source is not 'git')
        or exists (select 1 from sync_state s
            where s.repo_id = r.repo_id and s.stream = 'pulls') as beyond_git,
    exists (select 1 from sync_state s where s.repo_id = r.repo_id
        and s.stream = 'git' and s.key = 'cut' and s.value = '1') as history_cut,
    r.synced_at,
    (select max(coalesce(e.started_at, e.finished_at)) from etl_runs e
        where e.status = 'ok' and (e.job like 'ingest\\_git%' escape '\\' or e.job like 'github:%')
        and json_valid(e.details) and lower(e.details ->> '$.repo') = lower(r.slug)
        and coalesce(e.details ->> '$.filtered', 0) = 0) as ran_at
from repositories r where {where} order by r.repo_id
"""
_PULL_REQUESTS: Final = """
select p.repo_id, p.number, coalesce(p.is_bot, 0) as is_bot, p.title, p.created_at, p.merged_at,
    p.closed_at, p.updated_at, p.reopened, p.reopened_at, p.merge_commit_sha, p.labels,
    p.additions + p.deletions as lines, p.first_review_at,
    (select min(e.created_at) from pr_events e where e.repo_id = p.repo_id
        and e.number = p.number and e.event = 'closed') as first_closed,
    (select min(e.created_at) from pr_events e where e.repo_id = p.repo_id
        and e.number = p.number and e.event = 'reopened') as first_reopened
from pull_requests p
where {where} and (:since is null or p.updated_at is null or max(coalesce(p.created_at, ''),
    coalesce(p.merged_at, ''), coalesce(p.closed_at, ''), coalesce(p.reopened_at, ''),
    p.updated_at) >= :since)
order by p.repo_id, p.number
"""
_REVERTS: Final = """
select p.repo_id, p.number as own_number, p.merged_at as reverted_at, p.title,
    p.reverts_number, null as reverts_sha
from pull_requests p
where {requests} and p.merged_at is not null
    and (p.reverts_number is not null or p.title glob 'Revert "*')
union all
select c.repo_id, c.pr_number, c.timestamp, c.subject,
    (select o.pr_number from commits o where o.repo_id = c.repo_id
        and o.sha >= c.reverts_sha and o.sha < c.reverts_sha || 'g' and o.pr_number is not null),
    c.reverts_sha
from commits c
where {commits} and c.on_default_branch = 1 and c.timestamp is not null
    and (c.reverts_sha is not null or c.subject glob 'Revert "*')
order by 1, 3, 2
"""
_COMMITS: Final = f"""
with
linked (kind, value, developer_id) as (
    select kind, lower(value), developer_id from developer_identities
    where confidence >= 1 and kind in ('github_login', 'email')
),
chosen as (
    select c.sha, {{day}} as day, coalesce(c.is_bot, 0) as is_bot,
        c.source is not null as message_read,
        exists (select 1 from commit_trailers t where t.repo_id = c.repo_id
            and t.sha = c.sha and t.ai_role = 'author') as signed,
        coalesce(l.developer_id, e.developer_id, lower(c.author), lower(c.author_email),
            'unknown') as person
    from commits c
    left join linked l on l.kind = 'github_login' and l.value = lower(c.author_login)
    left join linked e on e.kind = 'email' and e.value = lower(c.author_email)
    where {{where}} and {_COUNTED}
)
select
    count(distinct case when is_bot = 0 then sha end) as total,
    count(distinct case when is_bot = 0 then day end) as active_days,
    count(distinct case when is_bot = 0 then person || ' ' || day end) as developer_days,
    count(distinct case when is_bot = 1 then sha end) as by_programs,
    count(distinct case when message_read then sha end) as messages_read,
    count(distinct case when message_read and signed then sha end) as signed
from chosen
"""
_COMMITS_BY_DAY: Final = f"""
select {{day}} as day, count(distinct c.sha) as commits
from commits c where {{where}} and {_BY_PEOPLE} group by 1 order by 1
"""
_IMPOSSIBLE: Final = f"""
select count(*) from commits c
where {{where}} and {_COUNTED} and (c.timestamp is null or c.timestamp > :horizon)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class RepositoryState:
    """What is known of the deliveries of one repository, and until when.

    Attributes:
        slug: `owner/name`; None for deliveries that belong to no repository.
        synced_at: When they were last read in full, aware UTC; None when no sync said so.
        as_of: `synced_at`, else the last delivery; None when there is neither.
        first_commit: First landing on the default branch; None without any.
        first_request: First pull request's creation, or merge; None without any.
        last_delivery: Last commit or change of a pull request; None without any.
        commits_known: Whether commits were ever read.
        requests_known: Whether pull requests were ever read.
        beyond_git: Whether more than a clone told of pull requests.
        history_cut: Whether the clone was shallow, so that the beginning is missing.
    """

    repo_id: int
    slug: str | None
    synced_at: dt.datetime | None = None
    as_of: dt.datetime | None = None
    first_commit: dt.datetime | None = None
    first_request: dt.datetime | None = None
    last_delivery: dt.datetime | None = None
    commits_known: bool = False
    requests_known: bool = False
    beyond_git: bool = False
    history_cut: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PullRequest:
    """One pull request as the delivery metrics see it; times are aware UTC.

    Attributes:
        repo_id: Repository; 0 is none.
        number: Number in it.
        is_bot: Whether a program made it.
        title: Title; None when not known.
        created_at: When it was opened; None when not known (from git alone).
        merged_at: When it was merged; None when it was not.
        closed_at: When it was last closed; None when it is open or not known.
        updated_at: Its last change.
        reopened: Whether it was ever reopened; None when not known.
        reopened_at: When it was last reopened, as far as known.
        merge_commit_sha: Commit that merged it.
        first_closed: First recorded close; None where no events are recorded.
        first_reopened: First recorded reopening, likewise.
        lines: Lines added and removed; None when not known.
        first_review_at: First review; None when there was none, or it is not known.
        labels: Names of its labels; empty when it has none, or they are not known.
    """

    repo_id: int
    number: int
    is_bot: bool = False
    title: str | None = None
    created_at: dt.datetime | None = None
    merged_at: dt.datetime | None = None
    closed_at: dt.datetime | None = None
    updated_at: dt.datetime | None = None
    reopened: bool | None = None
    reopened_at: dt.datetime | None = None
    merge_commit_sha: str | None = None
    first_closed: dt.datetime | None = None
    first_reopened: dt.datetime | None = None
    lines: int | None = None
    first_review_at: dt.datetime | None = None
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Revert:
    """A commit on the default branch, or a merged pull request, that takes something back.

    Attributes:
        repo_id: Repository; 0 is none.
        at: When it landed, aware UTC.
        own_number: Pull request that it is, or belongs to.
        title: Its title or subject.
        number: Pull request that it reverts, where that is known.
        sha: Commit that it reverts, as written (it may be shortened).
    """

    repo_id: int
    at: dt.datetime
    own_number: int | None = None
    title: str | None = None
    number: int | None = None
    sha: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitFigures:
    """Counts over the commits of the default branch in a window; merge commits are in none.

    Attributes:
        total: Distinct commits of people.
        active_days: Days with one, of the slice's zone.
        developer_days: Distinct pairs of author and day.
        by_programs: Distinct commits of programs; in no figure above.
        messages_read: Distinct commits, those of programs included, whose message was read.
        signed: Those of them that an assistant signed as author.
    """

    total: int = 0
    active_days: int = 0
    developer_days: int = 0
    by_programs: int = 0
    messages_read: int = 0
    signed: int = 0


def repositories(
    conn: sqlite3.Connection, where: Clause, *, horizon: dt.datetime
) -> list[RepositoryState]:
    """Return the repositories of which deliveries are known.

    Args:
        conn: The database.
        where: Condition on `repo_id` alone, with the alias `r`.
        horizon: Times beyond it are impossible and count for nothing.
    """
    names = where.parameters | {"horizon": format_instant(horizon)}
    rows = conn.execute(_REPOSITORIES.format(where=where.sql), names)
    found = [_state(row, horizon) for row in rows]
    return [state for state in found if state.commits_known or state.requests_known]


def _state(row: sqlite3.Row, horizon: dt.datetime) -> RepositoryState:
    syncs = [moment for name in ("synced_at", "ran_at") if (moment := _instant(row[name]))]
    lasts = [moment for name in ("last_commit", "last_request") if (moment := _instant(row[name]))]
    synced, last = max(syncs, default=None), max(lasts, default=None)
    if last is not None:
        last = min(last, horizon)
    return RepositoryState(
        repo_id=row["repo_id"],
        slug=row["slug"],
        synced_at=synced,
        as_of=synced or last,
        first_commit=_instant(row["first_commit"]),
        first_request=_instant(row["first_request"]),
        last_delivery=last,
        commits_known=bool(row["commits_known"]),
        requests_known=bool(row["requests_known"]),
        beyond_git=bool(row["beyond_git"]),
        history_cut=bool(row["history_cut"]),
    )


def pull_requests(
    conn: sqlite3.Connection, where: Clause, *, since: dt.datetime | None
) -> Iterator[PullRequest]:
    """Yield the pull requests to which anything happened from `since` on, by number.

    Args:
        conn: The database.
        where: Condition on `repo_id` alone, with the alias `p`.
        since: First instant that counts; None is all of them.
    """
    names = where.parameters | {"since": None if since is None else format_instant(since)}
    for row in conn.execute(_PULL_REQUESTS.format(where=where.sql), names):
        yield PullRequest(
            repo_id=row["repo_id"],
            number=row["number"],
            is_bot=bool(row["is_bot"]),
            title=row["title"],
            created_at=_instant(row["created_at"]),
            merged_at=_instant(row["merged_at"]),
            closed_at=_instant(row["closed_at"]),
            updated_at=_instant(row["updated_at"]),
            reopened=None if row["reopened"] is None else bool(row["reopened"]),
            reopened_at=_instant(row["reopened_at"]),
            merge_commit_sha=row["merge_commit_sha"],
            first_closed=_instant(row["first_closed"]),
            first_reopened=_instant(row["first_reopened"]),
            lines=row["lines"],
            first_review_at=_instant(row["first_review_at"]),
            labels=_labels(row["labels"]),
        )


def reverts(conn: sqlite3.Connection, requests: Clause, commits: Clause) -> list[Revert]:
    """Return everything that takes something back, of all times, in order of time.

    Args:
        conn: The database.
        requests: Condition on `repo_id` alone, with the alias `p`.
        commits: The same with the alias `c`.
    """
    statement = _REVERTS.format(requests=requests.sql, commits=commits.sql)
    return [
        Revert(
            repo_id=row["repo_id"],
            at=parse_stored(row["reverted_at"]),
            own_number=row["own_number"],
            title=row["title"],
            number=row["reverts_number"],
            sha=row["reverts_sha"],
        )
        for row in conn.execute(statement, requests.parameters | commits.parameters)
    ]


def commit_figures(conn: sqlite3.Connection, where: Clause) -> CommitFigures:
    """Return the counts over the commits of a window; the clause has the alias `c`."""
    row = conn.execute(_COMMITS.format(where=where.sql, day=where.day), where.parameters).fetchone()
    return CommitFigures(**dict(row))


def commits_by_day(conn: sqlite3.Connection, where: Clause) -> dict[dt.date, int]:
    """Return the commits of people on each day of a window with any; alias `c`."""
    statement = _COMMITS_BY_DAY.format(where=where.sql, day=where.day)
    rows = conn.execute(statement, where.parameters)
    return {dt.date.fromisoformat(row["day"]): row["commits"] for row in rows}


def impossible_commits(conn: sqlite3.Connection, where: Clause, *, horizon: dt.datetime) -> int:
    """Return how many commits landed at no possible time; alias `c`, no window."""
    names = where.parameters | {"horizon": format_instant(horizon)}
    return int(conn.execute(_IMPOSSIBLE.format(where=where.sql), names).fetchone()[0])


def _labels(text: str | None) -> tuple[str, ...]:
    try:
        found = json.loads(text or "[]")
    except ValueError:  # callers of `insert_pull_requests` may give any text
        return ()
    names = found if isinstance(found, list) else []
    return tuple(name for name in names if isinstance(name, str))


def _instant(text: str | None) -> dt.datetime | None:
    return parse_stored(text) if text else None
