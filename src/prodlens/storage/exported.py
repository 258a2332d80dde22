"""SQL of what leaves the store as tables: which columns, what they hold, in which order of rows.

An allow-list: row ids, places in source files, e-mail addresses and digests of paths and lines stay.
Writes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from prodlens.clock import format_instant, utc_day

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator
    from datetime import datetime

Kind = Literal["text", "whole", "number", "flag", "time"]
"""Text (also days and JSON), 64-bit integers, doubles, 0 or 1, fixed-width UTC text."""
Fields = tuple[tuple[str, Kind], ...]
"""Name and kind of each column."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table that may leave the store.

    Attributes:
        title: What one row is, in a few words.
        fields: Its columns.
        source: What stands behind `from`.
        moment: SQL of the instant or day that `since` is about.
        by_day: Whether `moment` is a UTC day and no instant.
        order: SQL of the order of rows, without row ids, so that it is the same in every copy.
    """

    title: str
    fields: Fields
    source: str
    moment: str
    by_day: bool = False
    order: str


def _fields(*groups: tuple[Kind, str]) -> Fields:
    return tuple((name, kind) for kind, names in groups for name in names.split())


CALLS: Final = _fields(
    ("text", "event_date"),
    ("time", "timestamp"),
    ("text", "repo_slug developer_id session_id model model_raw model_alias provider"),
    ("whole", "tokens_in tokens_out total_tokens cache_read_tokens cache_write_tokens"),
    ("whole", "cache_write_1h_tokens reasoning_tokens"),
    ("text", "tokens_basis"),
    ("number", "latency_ms ttft_ms"),
    ("text", "latency_source"),
    ("whole", "status_code"),
    ("text", "error_type"),
    ("flag", "accepted_flag"),
    ("text", "accepted_source"),
    ("whole", "accepted_lines"),
    ("number", "diff_ratio cost_usd"),
    ("whole", "cost_nanos"),
    ("text", "cost_source price_version traffic_class"),
    ("flag", "subscription is_subagent stream"),
    ("text", "call_type query_source git_branch user_agent source sources"),
    ("text", "session_source developer_source repo_source"),
    ("flag", "timestamp_assumed_utc"),
    ("text", "tags trace_id call_group span_id parent_span_id"),
    ("text", "provider_message_id provider_request_id source_record_id trace_hash"),
)
"""Columns of a call, in the order in which every export shows them."""
DAILY_SESSIONS: Final = _fields(
    ("text", "event_date developer_id"),
    ("whole", "session_count total_tokens accepted_count error_count"),
    ("number", "median_latency_ms cost_usd"),
    ("whole", "cost_nanos priced_count decided_count status_known_count"),
    ("time", "created_at"),
)
DAILY_GITHUB: Final = _fields(
    ("text", "event_date"),
    ("whole", "merged_pr_count commit_count reopened_pr_count"),
    ("number", "avg_merge_hours"),
    ("time", "created_at"),
)
_PULL_REQUESTS: Final = _fields(
    ("text", "repo_slug"),
    ("whole", "number id"),
    ("text", "title author author_type"),
    ("flag", "is_bot"),
    ("text", "state"),
    ("flag", "draft"),
    ("time", "created_at merged_at closed_at updated_at first_review_at"),
    ("flag", "reopened"),
    ("whole", "reopened_count"),
    ("time", "reopened_at"),
    ("text", "base_ref head_ref merge_commit_sha"),
    ("whole", "additions deletions changed_files reverts_number"),
    ("text", "labels source"),
)
_COMMITS: Final = _fields(
    ("text", "repo_slug sha author author_login"),
    ("time", "timestamp authored_at committed_at landed_at"),
    ("text", "subject"),
    ("flag", "is_merge is_bot on_default_branch"),
    ("whole", "additions deletions files pr_number"),
    ("text", "reverts_sha source"),
)
_SUGGESTIONS: Final = _fields(
    ("text", "event_date"),
    ("time", "timestamp"),
    ("text", "repo_slug session_id suggestion_key tool language"),
    ("text", "decision decided_by decision_source"),
    ("flag", "user_modified"),
    ("whole", "proposed_lines applied_lines"),
    ("number", "diff_ratio"),
    ("whole", "retained_lines"),
    ("text", "retained_at_sha retention_status provider_message_id sources"),
)
DAILY_USAGE: Final = _fields(
    ("text", "event_date repo_slug developer_id model traffic_class"),
    ("whole", "calls tokens_in tokens_out cache_read_tokens cache_write_tokens tokens_known"),
    ("whole", "cost_nanos priced errors status_known accepted decided accepted_lines latency_n"),
    ("number", "latency_sum latency_sumsq"),
)
COVERAGE: Final = _fields(
    ("text", "event_date source repo_slug developer_id"),
    ("whole", "calls"),
)


def _delivered(table: str) -> str:
    """Return rows of a delivery table with the slug of their repository."""
    return (
        f"(select nullif(lower(r.slug), '') as repo_slug, t.* "
        f"from {table} t join repositories r using (repo_id))"
    )


TABLES: Final = {
    "sessions": Table(
        title="calls, one row each",
        fields=CALLS,
        source="sessions",
        moment="timestamp",
        order="timestamp, trace_hash",
    ),
    "pull-requests": Table(
        title="pull requests; --since is about the last change known",
        fields=_PULL_REQUESTS,
        source=_delivered("pull_requests"),
        moment="coalesce(updated_at, merged_at, closed_at, created_at)",
        order="repo_slug, repo_id, number",
    ),
    "commits": Table(
        title="commits; --since is about when they landed",
        fields=_COMMITS,
        source=_delivered("commits"),
        moment="timestamp",
        order="timestamp, repo_slug, repo_id, sha",
    ),
    "suggestions": Table(
        title="edits that an assistant proposed",
        fields=_SUGGESTIONS,
        source="suggestions",
        moment="timestamp",
        order="timestamp, suggestion_key",
    ),
    "daily-sessions": Table(
        title="calls per UTC day, all repositories",
        fields=DAILY_SESSIONS,
        source="daily_session_metrics",
        moment="event_date",
        by_day=True,
        order="event_date",
    ),
    "daily-github": Table(
        title="deliveries per UTC day, all repositories",
        fields=DAILY_GITHUB,
        source="daily_github_metrics",
        moment="event_date",
        by_day=True,
        order="event_date",
    ),
    "daily-usage": Table(
        title="sums per UTC day, repository, developer, model and traffic; '' is not known",
        fields=DAILY_USAGE,
        source="daily_usage",
        moment="event_date",
        by_day=True,
        order="event_date, repo_slug, developer_id, model, traffic_class",
    ),
    "coverage": Table(
        title="calls that each source saw per UTC day; '' is not known",
        fields=COVERAGE,
        source="capture_coverage",
        moment="event_date",
        by_day=True,
        order="event_date, source, repo_slug, developer_id",
    ),
}
"""Every table that may leave the store, by the name people use."""
ROLLED_UP: Final = ("daily-sessions", "daily-github", "daily-usage", "coverage")
"""Tables that are computed from others, and so may be older than those."""

_CALLS_OF: Final = f"""
select {", ".join(name for name, _ in CALLS)} from sessions
where event_date = :day and {{whose}} order by timestamp, trace_hash
"""
_OF_REPOSITORY: Final = _CALLS_OF.format(whose="repo_slug = :slug")
_OF_NOBODY: Final = _CALLS_OF.format(whose="(repo_slug is null or repo_slug = '')")


def rows(
    conn: sqlite3.Connection, table: Table, since: datetime | None = None
) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of a table in the order of its fields.

    Args:
        conn: The connection; it is read from while the rows are taken.
        table: One of `TABLES`.
        since: First instant, aware UTC; for tables of days its UTC day is the first. None is
            everything; rows whose moment is not known are only in that.
    """
    names = ", ".join(name for name, _ in table.fields)
    where = "" if since is None else f"where {table.moment} >= :since"
    cursor = conn.cursor()
    cursor.row_factory = None
    first = None if since is None else _text(since, by_day=table.by_day)
    yield from cursor.execute(
        f"select {names} from {table.source} {where} order by {table.order}", {"since": first}
    )


def calls_of_day(conn: sqlite3.Connection, slug: str, day: str) -> Iterator[tuple[Any, ...]]:
    """Yield the calls of a repository on a UTC day, oldest first, in the order of `CALLS`.

    Args:
        conn: The connection; it is read from while the rows are taken.
        slug: `owner/name`; '' is unassigned.
        day: `YYYY-MM-DD`.
    """
    cursor = conn.cursor()
    cursor.row_factory = None
    yield from cursor.execute(
        _OF_REPOSITORY if slug else _OF_NOBODY, {"day": day, "slug": slug} if slug else {"day": day}
    )


def _text(since: datetime, *, by_day: bool) -> str:
    return utc_day(since).isoformat() if by_day else format_instant(since)
