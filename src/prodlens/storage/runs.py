"""SQL of `etl_runs` and `etag_state`: runs of jobs, their checkpoints, and HTTP validators.

Knows no remote service: an endpoint is a path. Touches `sync_state` only to ask for a full walk.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from prodlens.clock import format_instant, parse_stored, utc_now
from prodlens.errors import InputError

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

FORCE_FULL: Final = "force_full"
"""Key in `sync_state` that asks the next walk of a stream to read everything again."""

_OK: Final = "ok"
_RESET: Final = "reset"

_ADD_RUN: Final = """
insert into etl_runs (job, started_at, finished_at, row_count, details, status, checkpoint)
values (:job, :started_at, :finished_at, :row_count, :details, :status, :checkpoint)
"""
_LATEST: Final = """
select job, status, checkpoint, finished_at from etl_runs
where id in (
    select max(id) from etl_runs
    where (status = 'ok' and checkpoint is not null) or status = 'reset'
    group by job
) and status = 'ok' and (:job is null or job = :job)
order by job
"""
_SET_ETAG: Final = """
insert into etag_state (endpoint, etag, last_modified, last_synced)
values (:endpoint, :etag, null, :now)
on conflict (endpoint) do update set
    etag = excluded.etag, last_modified = null, last_synced = excluded.last_synced
"""
_NAMES_OF: Final = """
select 'repositories/' || github_id from repositories
where github_id is not null and repo_id = :repo_id
union select 'repos/' || lower(slug) from repositories where repo_id = :repo_id
union select 'repos/' || lower(slug) from repo_aliases where repo_id = :repo_id
"""
_BY_NUMBER: Final = "select repo_id from repositories where github_id = :number"
_BY_SLUG: Final = """
select repo_id, 0 as place from repo_aliases where slug = :slug
union all select repo_id, 1 from repositories where slug = :slug
order by place
"""
_FORCE: Final = """
insert into sync_state (repo_id, stream, key, value) values (?, ?, 'force_full', ?)
on conflict (repo_id, stream, key) do update set value = excluded.value
"""
_STREAMS: Final = ("pulls", "commits")
_STREAM_OF: Final = {"pulls": ("pulls",), "issues": ("pulls",), "commits": ("commits",)}
"""Which walks an endpoint below a repository belongs to; any other concerns all of them."""


def last_checkpoint(conn: sqlite3.Connection, job: str) -> datetime | None:
    """Return the checkpoint set last for a job, aware UTC; None when there is none.

    Only runs that ended well count; a reset hides what was set before it.
    """
    row = conn.execute(_LATEST, {"job": job}).fetchone()
    return None if row is None else parse_stored(row["checkpoint"])


def list_checkpoints(conn: sqlite3.Connection) -> list[dict[str, Any]]:
    """Return the checkpoint of each job: `job`, `checkpoint` and `set_at`, aware UTC, by job."""
    return [
        {
            "job": row["job"],
            "checkpoint": parse_stored(row["checkpoint"]),
            "set_at": _moment(row["finished_at"]),
        }
        for row in conn.execute(_LATEST, {"job": None})
    ]


def set_checkpoint(conn: sqlite3.Connection, job: str, checkpoint: datetime) -> None:
    """Append a checkpoint, in the transaction of the rows it stands for.

    Args:
        conn: The connection, in a transaction.
        job: Name of the job.
        checkpoint: Instant up to which the job is done; naive is UTC. The last one set wins, also
            when it is earlier.

    Raises:
        InputError: The job has no name, or the checkpoint is no datetime.
    """
    if not isinstance(checkpoint, datetime):
        raise InputError(f"A checkpoint is a datetime, not {type(checkpoint).__name__}.")
    _add_run(conn, job, _OK, checkpoint=format_instant(checkpoint))


def reset_checkpoint(conn: sqlite3.Connection, job: str) -> bool:
    """Make a job start from the beginning; return whether it had a checkpoint.

    The checkpoints set before stay in the table, behind a row of status `reset`.
    """
    if last_checkpoint(conn, job) is None:
        return False
    _add_run(conn, job, _RESET)
    return True


def record_run(
    conn: sqlite3.Connection,
    job: str,
    row_count: int,
    details: object = None,
    *,
    status: str = _OK,
    started_at: datetime | None = None,
) -> None:
    """Append a finished run of a job; it sets no checkpoint.

    Args:
        conn: The connection, in a transaction.
        job: Name of the job.
        row_count: Rows it changed.
        details: Plain values that JSON can hold; None for none.
        status: How it ended: `ok`, `failed`, `partial` or `rate_limited`.
        started_at: When it started; naive is UTC, None is not known.

    Raises:
        InputError: The job has no name, or JSON can't hold the details.
    """
    _add_run(
        conn,
        job,
        status,
        row_count=row_count,
        details=_details(details),
        started_at=None if started_at is None else format_instant(started_at),
    )


def _add_run(conn: sqlite3.Connection, job: str, status: str, **columns: Any) -> None:
    if not job.strip():
        raise InputError("A job needs a name.")
    row = dict.fromkeys(("started_at", "row_count", "details", "checkpoint"))
    conn.execute(
        _ADD_RUN,
        row | {"job": job, "status": status, "finished_at": format_instant(utc_now())} | columns,
    )


def _details(details: object) -> str | None:
    if details is None:
        return None
    try:
        return json.dumps(details, sort_keys=True, allow_nan=False)
    except (TypeError, ValueError):
        raise InputError("The details of a run must be plain values that JSON can hold.") from None


def _moment(text: str | None) -> datetime | None:
    return None if text is None else parse_stored(text)


def get_etag(conn: sqlite3.Connection, endpoint: str) -> str | None:
    """Return the validator stored for exactly this endpoint, None when there is none."""
    row = conn.execute("select etag from etag_state where endpoint = ?", (endpoint,)).fetchone()
    return None if row is None else row[0]


def list_etags(conn: sqlite3.Connection) -> list[dict[str, Any]]:
    """Return every validator as a dict of columns, by endpoint; `last_synced` is aware UTC."""
    return [
        dict(row) | {"last_synced": _moment(row["last_synced"])}
        for row in conn.execute("select * from etag_state order by endpoint")
    ]


def set_etag(conn: sqlite3.Connection, endpoint: str, value: str | None) -> None:
    """Store a validator, or forget it.

    None forgets the endpoint in every form it may stand in: with any parameters (unless the
    endpoint names some), with a server before it, under an old name or the number of the
    repository; and the next walk of that repository reads everything.

    Args:
        conn: The connection, in a transaction.
        endpoint: Path (`/repos/owner/name/pulls`), or the whole address.
        value: The validator as the server sent it, quotes included.
    """
    if value is None:
        clear_etags(conn, endpoint)
    else:
        now = format_instant(utc_now())
        conn.execute(_SET_ETAG, {"endpoint": endpoint, "etag": value, "now": now})


def clear_etags(conn: sqlite3.Connection, endpoint: str | None = None) -> int:
    """Forget validators so that the next sync asks again; return how many were forgotten.

    Args:
        conn: The connection, in a transaction.
        endpoint: As in `set_etag`; None forgets all of them, for every repository.
    """
    if endpoint is None:
        every = conn.execute("select repo_id from repositories where slug <> ''").fetchall()
        _force_full(conn, [int(row[0]) for row in every], _STREAMS)
        return conn.execute("delete from etag_state").rowcount
    (owner, rest), parameters = _parts(endpoint)
    repo_id = _repo_id_of(conn, owner)
    names = {owner} | {str(row[0]) for row in conn.execute(_NAMES_OF, {"repo_id": repo_id})}
    stored = [str(row[0]) for row in conn.execute("select endpoint from etag_state")]
    gone = [key for key in stored if _matches(key, names, rest, parameters)]
    conn.executemany("delete from etag_state where endpoint = ?", [(key,) for key in gone])
    if repo_id is not None:
        _force_full(conn, [repo_id], _STREAM_OF.get(rest.partition("/")[0], _STREAMS))
    return len(gone)


def _parts(endpoint: str) -> tuple[tuple[str, str], str]:
    """Return `((repository, path below it), parameters)` of a path or a whole address.

    Lower case, without outer slashes and without what stands before the repository. A path that
    names no repository stands in its place as a whole.
    """
    split = urlsplit(endpoint.strip())
    words = split.path.strip("/").lower().split("/")
    for root, size in (("repos", 3), ("repositories", 2)):
        if root in words[:-1]:
            first = words.index(root)
            owner = words[first : first + size]
            return ("/".join(owner), "/".join(words[first + size :])), split.query
    return ("/".join(words), ""), split.query


def _repo_id_of(conn: sqlite3.Connection, owner: str) -> int | None:
    root, _, name = owner.partition("/")
    row = None
    if root == "repositories" and name.isdigit():
        row = conn.execute(_BY_NUMBER, {"number": int(name)}).fetchone()
    elif root == "repos":
        row = conn.execute(_BY_SLUG, {"slug": name}).fetchone()
    return None if row is None else int(row[0])


def _matches(key: str, names: Iterable[str], rest: str, parameters: str) -> bool:
    (owner, below), found = _parts(key)
    return owner in names and below == rest and (not parameters or parameters == found)


def _force_full(conn: sqlite3.Connection, repo_ids: list[int], streams: Iterable[str]) -> None:
    now = format_instant(utc_now())
    conn.executemany(_FORCE, [(repo, stream, now) for repo in repo_ids for stream in streams])
