"""SQL that reads lists for people: native sessions with what they used and what came of them.

Writes nothing, ranks nobody and says of no row whose it is. Sums, not ratios; what no source told
is None. Pull requests are read by `prodlens.storage.delivery_readings`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from prodlens.clock import parse_stored
from prodlens.storage.rollup_sql import (
    ACCEPTED,
    DECIDED,
    FAILED,
    OUTCOME_KNOWN,
    TOKENS,
    TOKENS_KNOWN,
)

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence
    from datetime import datetime

    from prodlens.storage.where import Clause

_TOGETHER: Final = 500
"""Sessions whose models and links are read with one statement."""
_SORTS: Final = {
    "start": "first_call",
    "minutes": "julianday(last_call) - julianday(first_call)",
    "calls": "calls",
    "tokens": "case when tokens_known > 0 then tokens end",
    "cost": "case when priced > 0 then nanos end",
    "errors": "case when outcome_known > 0 then errors end",
}
SORTS: Final = tuple(_SORTS)
"""What sessions can be sorted by, largest or latest first; none of it names a person."""
_SESSIONS: Final = f"""
select session_id, min(timestamp) as first_call, max(timestamp) as last_call, count(*) as calls,
    case when count(distinct repo_slug) = 1 then min(repo_slug) end as repo_slug,
    count(distinct repo_slug) as repositories,
    count({TOKENS_KNOWN}) as tokens_known,
    total(case when {TOKENS_KNOWN} is not null then {TOKENS} end) as tokens,
    count(cost_nanos) as priced, total(cost_nanos) as nanos,
    sum({DECIDED}) as decided, sum({ACCEPTED}) as accepted,
    sum({OUTCOME_KNOWN}) as outcome_known, sum({FAILED}) as errors
from sessions where {{where}} and session_id is not null
group by session_id
order by {{order}} desc nulls last, first_call desc, session_id
limit :limit
"""
_COUNTS: Final = """
select count(distinct session_id) as sessions, count(*) - count(session_id) as without_session
from sessions where {where}
"""
_MODELS: Final = """
select session_id, model, count(*) as calls from sessions
where {where} and session_id in ({ids}) and model is not null
group by session_id, model order by session_id, calls desc, model
"""
_EDITS: Final = """
select coalesce(g.session_id, s.session_id) as session,
    sum(g.decision = 'accept') as accepted, sum(g.decision = 'reject') as rejected
from suggestions g left join sessions s on s.id = g.call_id
where g.session_id in ({ids}) or (g.session_id is null and s.session_id in ({ids}))
group by 1
"""
_LINKS: Final = """
select distinct session_id, lower(repo_slug) as repo_slug, ref from session_links
where kind = 'pull_request' and session_id in ({ids})
order by session_id, repo_slug, cast(ref as integer), ref
"""
_KNOWS_LINKS: Final = "select 1 from sqlite_master where type = 'table' and name = 'session_links'"


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionLine:
    """One native session: the calls of a window that name it, and what is known of it.

    Attributes:
        session_id: Its name in the assistant.
        first_call: Start of its first call, aware UTC.
        last_call: Start of its last call, aware UTC.
        repo: Its repository; None when its calls name none, or several.
        repositories: Repositories that its calls name.
        models: Models by their calls, the most used first; empty when none is named.
        calls: Calls.
        tokens_known: Those with any known token count.
        tokens: Sum of known tokens.
        priced: Calls with a known cost.
        cost_nanos: Sum of known costs, nano-dollars.
        decided: Calls that a person accepted or rejected.
        accepted: Those accepted.
        outcome_known: Calls with a status or an error type.
        errors: Those that failed.
        edits_accepted: Edits that were accepted, whoever did; None when no source told of edits.
        edits_rejected: Edits that were rejected; None likewise.
        pull_requests: What transcripts say it made, as `owner/name#12`; empty when none says so.
    """

    session_id: str
    first_call: datetime
    last_call: datetime
    repo: str | None
    repositories: int
    models: tuple[str, ...]
    calls: int
    tokens_known: int
    tokens: int
    priced: int
    cost_nanos: int
    decided: int
    accepted: int
    outcome_known: int
    errors: int
    edits_accepted: int | None = None
    edits_rejected: int | None = None
    pull_requests: tuple[str, ...] = ()


class Counts(NamedTuple):
    """How many sessions there are, and how many calls belong to none."""

    sessions: int
    without_session: int


def counts(conn: sqlite3.Connection, where: Clause) -> Counts:
    """Return how many native sessions a slice has, and how many of its calls name none.

    Args:
        conn: The database.
        where: The slice, of `prodlens.storage.where.sessions`.
    """
    row = conn.execute(_COUNTS.format(where=where.sql), where.parameters).fetchone()
    return Counts(row["sessions"], row["without_session"])


def sessions(
    conn: sqlite3.Connection, where: Clause, *, sort: str = "start", limit: int | None = None
) -> list[SessionLine]:
    """Return native sessions of a slice.

    Args:
        conn: The database; one of an older schema knows of no links.
        where: The slice, of `prodlens.storage.where.sessions`. Calls outside of it don't count;
            edits and links of a session count whenever they were.
        sort: One of `SORTS`; the largest or latest first, what is not known last.
        limit: How many at most; None is all.

    Raises:
        KeyError: There is no such order.
    """
    statement = _SESSIONS.format(where=where.sql, order=_SORTS[sort])
    most = {"limit": -1 if limit is None else limit}
    rows = conn.execute(statement, where.parameters | most).fetchall()
    found: list[SessionLine] = []
    for begin in range(0, len(rows), _TOGETHER):
        part = rows[begin : begin + _TOGETHER]
        ids = [row["session_id"] for row in part]
        models, edits = _models(conn, where, ids), _edits(conn, ids)
        links = _links(conn, ids)
        found += [
            _line(row, models.get(row["session_id"], ()), edits, links.get(row["session_id"], ()))
            for row in part
        ]
    return found


def _line(
    row: sqlite3.Row,
    models: Sequence[str],
    edits: dict[str, tuple[int, int]],
    links: Sequence[str],
) -> SessionLine:
    accepted, rejected = edits.get(row["session_id"], (None, None))
    counted = ("calls", "tokens_known", "priced", "decided", "accepted", "outcome_known", "errors")
    return SessionLine(
        session_id=row["session_id"],
        first_call=parse_stored(row["first_call"]),
        last_call=parse_stored(row["last_call"]),
        repo=row["repo_slug"],
        repositories=row["repositories"],
        models=tuple(models),
        tokens=round(row["tokens"]),
        cost_nanos=round(row["nanos"]),
        edits_accepted=accepted,
        edits_rejected=rejected,
        pull_requests=tuple(links),
        **{name: row[name] for name in counted},
    )


def _models(conn: sqlite3.Connection, where: Clause, ids: Sequence[str]) -> dict[str, list[str]]:
    keys, names = _named(ids)
    statement = _MODELS.format(where=where.sql, ids=keys)
    found: dict[str, list[str]] = {}
    for row in conn.execute(statement, where.parameters | names):
        found.setdefault(row["session_id"], []).append(row["model"])
    return found


def _edits(conn: sqlite3.Connection, ids: Sequence[str]) -> dict[str, tuple[int, int]]:
    keys, names = _named(ids)
    rows = conn.execute(_EDITS.format(ids=keys), names)
    return {row["session"]: (row["accepted"], row["rejected"]) for row in rows}


def _links(conn: sqlite3.Connection, ids: Sequence[str]) -> dict[str, list[str]]:
    if conn.execute(_KNOWS_LINKS).fetchone() is None:
        return {}
    keys, names = _named(ids)
    found: dict[str, list[str]] = {}
    for row in conn.execute(_LINKS.format(ids=keys), names):
        found.setdefault(row["session_id"], []).append(f"{row['repo_slug']}#{row['ref']}")
    return found


def _named(values: Sequence[str]) -> tuple[str, dict[str, Any]]:
    """Return placeholders of values, and the parameters behind them."""
    names = {f"list_{place}": value for place, value in enumerate(values)}
    return ", ".join(f":{name}" for name in names), names
