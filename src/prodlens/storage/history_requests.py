"""SQL of pull requests as a local clone knows them, in bulk; those of the API are left to `delivery`.

Row by row, `prodlens.storage.delivery` says the same. Knows no git. Every write marks the days whose
figures it changes.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from prodlens.storage import delivery, dirty_days
from prodlens.storage.history import SOURCE

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Mapping, Sequence

_GIT_NUMBERS: Final = """
select number, merge_commit_sha, merged_at from pull_requests
where repo_id = :repo_id and source = 'git'
    and merged_at is not null and merge_commit_sha is not null
"""
_REQUEST_COLUMNS: Final = (
    "number",
    "title",
    "author",
    "author_id",
    "is_bot",
    "state",
    "merged_at",
    "closed_at",
    "head_ref",
    "merge_commit_sha",
    "reverts_number",
)
"""What a history knows of a pull request: not when it was opened, nor whether it was reopened."""
_FIND_REQUESTS: Final = f"""
select source, {", ".join(_REQUEST_COLUMNS)} from pull_requests
where repo_id = :repo_id and number in (select value from json_each(:numbers))
"""
_ADD_REQUEST: Final = f"""
insert into pull_requests (repo_id, source, {", ".join(_REQUEST_COLUMNS)})
values (?, '{SOURCE}', {", ".join("?" * len(_REQUEST_COLUMNS))})
"""
_DROP: Final = """
delete from pull_requests
where repo_id = :repo_id and source = 'git'
    and number in (select value from json_each(:numbers))
returning number, merged_at
"""
_REOPENED_DAYS: Final = """
select distinct substr(created_at, 1, 10) from pr_events
where repo_id = :repo_id and event = 'reopened' and created_at is not null
    and number in (select value from json_each(:numbers))
"""


def known(conn: sqlite3.Connection, repo_id: int) -> dict[int, tuple[str, str]]:
    """Return what is known from a clone alone: number -> (merged_at, sha that merged it)."""
    rows = conn.execute(_GIT_NUMBERS, {"repo_id": repo_id})
    return {row["number"]: (row["merged_at"], row["merge_commit_sha"]) for row in rows}


def write(conn: sqlite3.Connection, repo_id: int, rows: Iterable[Mapping[str, Any]]) -> int:
    """Store pull requests as a history knows them; caller's transaction.

    A row known from a clone alone is replaced as a whole; one that another source knows has its
    gaps filled, as `delivery.insert_pull_requests` does.

    Args:
        conn: The connection, in a transaction.
        repo_id: The repository.
        rows: Columns of `pull_requests`, the same for all: those of a merged pull request. Of
            several with one number the last counts. Times are stored text.

    Returns:
        How many are new. Days whose figures change are marked.
    """
    given = {row["number"]: row for row in rows}
    asked = {"repo_id": repo_id, "numbers": json.dumps(list(given))}
    stored = {row["number"]: row for row in conn.execute(_FIND_REQUESTS, asked)}
    told = {n for n, row in stored.items() if row["source"] != SOURCE}
    equal = {
        n
        for n in stored.keys() - told
        if all(stored[n][name] == given[n][name] for name in _REQUEST_COLUMNS)
    }
    drop(conn, repo_id, stored.keys() - told - equal)
    added = [given[number] for number in given if number not in told | equal]
    conn.executemany(
        _ADD_REQUEST, [(repo_id, *(row[name] for name in _REQUEST_COLUMNS)) for row in added]
    )
    numbers = [row["number"] for row in added]
    _mark(conn, repo_id, numbers, {row["merged_at"] for row in added})
    delivery.insert_pull_requests(
        conn, [{**given[n], "repo_id": repo_id, "source": SOURCE} for n in sorted(told)]
    )
    return len(given) - len(stored)


def drop(conn: sqlite3.Connection, repo_id: int, numbers: Iterable[int]) -> None:
    """Forget pull requests that only a clone knew, and mark the days whose figures they made."""
    asked = {"repo_id": repo_id, "numbers": json.dumps(sorted(numbers))}
    gone = conn.execute(_DROP, asked).fetchall()
    merged = {row["merged_at"] for row in gone if row["merged_at"]}
    _mark(conn, repo_id, [row["number"] for row in gone], merged)


def _mark(
    conn: sqlite3.Connection, repo_id: int, numbers: Sequence[int], merged: Iterable[str]
) -> None:
    """Mark the days of merges, and those of reopenings, which count only with their row."""
    asked = {"repo_id": repo_id, "numbers": json.dumps(numbers)}
    reopened = {str(row[0]) for row in conn.execute(_REOPENED_DAYS, asked)} if numbers else set()
    dirty_days.mark(conn, dirty_days.GITHUB, reopened | {time[:10] for time in merged})
