"""SQL of pull requests as GitHub tells of them: rows, events, and what waits to be looked at.

GitHub is asked in the order of its own time, so among its answers of equal age the later one
stands. Everything else about merging rows is `prodlens.storage.field_ages`. Knows no HTTP.
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from prodlens.clock import format_instant, parse_stored
from prodlens.storage import delivery, dirty_days
from prodlens.storage.history import set_state, state

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Mapping, Sequence

SOURCE: Final = "github"
PULLS: Final = "pulls"
"""Stream of `sync_state` with the watermark of pull requests and the place of a backfill."""
EVENTS: Final = "events"
"""Stream with what is known of the list of events."""
COMMITS: Final = "commits"
"""Stream with the newest commit and the place of a walk."""
RECHECK: Final = "recheck"
"""Stream with the pull requests, by number, whose events are to be looked at."""
SIZES: Final = "sizes"
"""Stream with the `updated_at`, by number, as of which size and first review are known."""
ALL: Final = "all"
"""In `recheck`: nothing is known of its events."""
SINCE_LAST: Final = "delta"
"""In `recheck`: its events are known up to the last look at the list of events."""

_UNMERGED: Final = ("merged_at", "merge_commit_sha")
_INSTANT: Final = timedelta(microseconds=1)

_STORED: Final = """
select * from pull_requests
where repo_id = :repo_id and number in (select value from json_each(:numbers))
"""
_MAKE_OLDER: Final = """
update pull_requests set updated_at = :updated_at where repo_id = :repo_id and number = :number
"""
_FORGET_MERGE: Final = """
update pull_requests set merged_at = null, merge_commit_sha = null
where repo_id = :repo_id and number = :number
"""
_SAY_UNMERGED: Final = """
insert into sync_state (repo_id, stream, key, value)
values (:repo_id, 'field_ages', cast(:number as text), :ages)
on conflict (repo_id, stream, key) do update set value = json_patch(value, excluded.value)
"""
_UNCERTAIN: Final = """
update pull_requests set reopened = null
where repo_id = :repo_id and number = :number and reopened = 0
"""
_WAIT: Final = """
insert into sync_state (repo_id, stream, key, value)
values (:repo_id, 'recheck', cast(:number as text), :scope)
on conflict (repo_id, stream, key) do update set
    value = case when :anew then 'all' else value end
"""
_SEEN_REOPENED: Final = """
update pull_requests set reopened = 1, reopened_count = max(1, coalesce(reopened_count, 1))
where repo_id = :repo_id and number = :number
"""
_ADD_EVENT: Final = """
insert or ignore into pr_events (repo_id, event_id, number, event, actor, created_at, commit_id)
values (?, ?, ?, ?, ?, ?, ?)
returning event, number, created_at
"""
_NEWS: Final = """
insert or ignore into sync_state (repo_id, stream, key, value)
select repo_id, 'recheck', cast(number as text), 'delta' from pull_requests
where repo_id = ? and number = ?
"""
_REOPENINGS: Final = """
select p.number, s.value as scope, p.created_at,
    (select count(*) from pr_events e where e.repo_id = p.repo_id and e.number = p.number
        and e.event = 'reopened') as seen,
    (select max(created_at) from pr_events e where e.repo_id = p.repo_id and e.number = p.number
        and e.event = 'reopened') as last,
    p.reopened_count, p.reopened, p.reopened_at
from sync_state s
cross join pull_requests p on p.repo_id = s.repo_id and p.number = cast(s.key as integer)
where s.repo_id = :repo_id and s.stream = 'recheck'
    and (:number is null or s.key = cast(:number as text))
order by p.number
"""
_SET_REOPENED: Final = """
update pull_requests set reopened = :reopened, reopened_count = :count, reopened_at = :last
where repo_id = :repo_id and number = :number
"""
_DONE: Final = """
delete from sync_state
where repo_id = :repo_id and stream = 'recheck' and key = cast(:number as text)
"""
_COUNT: Final = """
select count(*) from pull_requests where repo_id = ? and source = 'github'
"""
_UNSIZED: Final = """
select p.number, p.node_id, p.updated_at from pull_requests p
left join sync_state s
    on s.repo_id = p.repo_id and s.stream = 'sizes' and s.key = cast(p.number as text)
where p.repo_id = ? and p.source = 'github' and p.node_id is not null
    and s.value is not p.updated_at
order by p.updated_at desc, p.number
"""
_SET_SIZE: Final = """
update pull_requests set additions = coalesce(:additions, additions),
    deletions = coalesce(:deletions, deletions),
    changed_files = coalesce(:changed_files, changed_files),
    first_review_at = coalesce(:first_review_at, first_review_at)
where repo_id = :repo_id and number = :number
"""
_SAMPLE: Final = """
select number, title, state, created_at, merged_at, closed_at, updated_at, reopened
from pull_requests where repo_id = ? and source = 'github' order by number
"""


class Waiting(NamedTuple):
    """A pull request whose events are to be looked at.

    Attributes:
        number: Its number.
        scope: `ALL` or `SINCE_LAST`: what is known of its events.
        created_at: When it was opened, as stored text.
        seen: Reopenings among the stored events.
        last: The last of those.
        times: Reopenings known before, from any source; None when not known.
        reopened: 1, 0 or None as it stands.
        reopened_at: As it stands.
    """

    number: int
    scope: str
    created_at: str | None
    seen: int
    last: str | None
    times: int | None
    reopened: int | None
    reopened_at: str | None


def write_pull_requests(
    conn: sqlite3.Connection,
    repo_id: int,
    rows: Sequence[Mapping[str, Any]],
    *,
    now: str,
    recheck: bool = False,
) -> set[int]:
    """Store a page of pull requests; what changed waits for a look at its events.

    Args:
        conn: The connection, in a transaction.
        repo_id: The repository.
        rows: Columns of `pull_requests`, `number` and `updated_at` among them.
        now: When they were read, as stored text.
        recheck: Look at all of their events again, also where nothing changed.

    Returns:
        Numbers of those that are new or say something else now.
    """
    numbers = [row["number"] for row in rows]
    before = _by_number(conn, repo_id, numbers)
    for row in rows:
        _prepare(conn, repo_id, row, before.get(row["number"]))
    extra = {"repo_id": repo_id, "source": SOURCE, "first_seen_at": now}
    delivery.insert_pull_requests(conn, [{**row, **extra} for row in rows])
    after = _by_number(conn, repo_id, numbers)
    changed = {n for n, row in after.items() if n not in before or tuple(before[n]) != tuple(row)}
    for number in sorted(after if recheck else changed):
        _let_wait(conn, repo_id, before.get(number), after[number], recheck=recheck)
    return changed


def _by_number(
    conn: sqlite3.Connection, repo_id: int, numbers: Iterable[int]
) -> dict[int, sqlite3.Row]:
    asked = {"repo_id": repo_id, "numbers": json.dumps(list(numbers))}
    return {row["number"]: row for row in conn.execute(_STORED, asked)}


def _prepare(
    conn: sqlite3.Connection, repo_id: int, said: Mapping[str, Any], stored: sqlite3.Row | None
) -> None:
    """Let an answer stand against one of the same second, and against a clone's guess."""
    key = {"repo_id": repo_id, "number": said["number"]}
    age = said["updated_at"]
    if said.get("merged_at") is None and (stored is None or (stored["updated_at"] or "") <= age):
        ages = json.dumps(dict.fromkeys(_UNMERGED, age))
        if stored is None or stored["updated_at"] is None or stored["merged_at"] is not None:
            conn.execute(_SAY_UNMERGED, key | {"ages": ages})
        if stored is not None and stored["merged_at"] is not None:
            conn.execute(_FORGET_MERGE, key)
            dirty_days.mark(conn, dirty_days.GITHUB, {stored["merged_at"][:10]})
    if stored is not None and stored["updated_at"] == age and _differs(stored, said):
        older = format_instant(parse_stored(age) - _INSTANT)
        conn.execute(_MAKE_OLDER, key | {"updated_at": older})


def _differs(stored: sqlite3.Row, said: Mapping[str, Any]) -> bool:
    """Return whether an answer of the same age says anything else."""
    for name, value in said.items():
        plain = json.dumps(value) if isinstance(value, list) else value
        if value is not None and stored[name] != plain:
            return True
    return said.get("closed_at") is None and stored["closed_at"] is not None


def _let_wait(
    conn: sqlite3.Connection,
    repo_id: int,
    before: sqlite3.Row | None,
    after: sqlite3.Row,
    *,
    recheck: bool,
) -> None:
    key = {"repo_id": repo_id, "number": after["number"]}
    known = before is not None and before["reopened"] is not None and not recheck
    conn.execute(_WAIT, key | {"scope": SINCE_LAST if known else ALL, "anew": recheck})
    if before is not None and before["state"] == "closed" and after["state"] == "open":
        conn.execute(_SEEN_REOPENED, key)
    else:
        conn.execute(_UNCERTAIN, key)


def add_events(conn: sqlite3.Connection, repo_id: int, events: Iterable[Sequence[Any]]) -> None:
    """Store events by their id; those that are stored stay as they are; caller's transaction.

    A pull request that was reopened then waits to be looked at, also when nothing else changed.
    """
    days = set()
    for event in events:
        for kind, number, created_at in conn.execute(_ADD_EVENT, (repo_id, *event)).fetchall():
            if kind == "reopened":
                conn.execute(_NEWS, (repo_id, number))
                days |= {created_at[:10]} if created_at else set()
    dirty_days.mark(conn, dirty_days.GITHUB, days)


def waiting(conn: sqlite3.Connection, repo_id: int, number: int | None = None) -> list[Waiting]:
    """Return the pull requests that wait for a look at their events, by number; None is all."""
    rows = conn.execute(_REOPENINGS, {"repo_id": repo_id, "number": number})
    return [Waiting(*row) for row in rows]


def set_reopened(conn: sqlite3.Connection, repo_id: int, one: Waiting, *, complete: bool) -> bool:
    """Write what the events of a pull request say; caller's transaction.

    Args:
        conn: The connection, in a transaction.
        repo_id: The repository.
        one: The pull request and its reopenings.
        complete: Whether all of its events are known. If not, it goes on waiting, and only a
            reopening that was seen is certain.

    Returns:
        Whether the row says something else than when this was last known: a "no" that was in doubt
        and stays "no" is no change.
    """
    key = {"repo_id": repo_id, "number": one.number}
    if complete:
        conn.execute(_DONE, key)
    happened = one.seen > 0 or one.reopened == 1
    if not happened and not complete:
        return False
    times = max(one.seen, one.times or 0)
    last = max(filter(None, (one.last, one.reopened_at)), default=None)
    if (int(happened), times, last) == (one.reopened, one.times, one.reopened_at):
        return False
    conn.execute(_SET_REOPENED, key | {"reopened": happened, "count": times, "last": last})
    if last != one.reopened_at:
        days = {time[:10] for time in (one.reopened_at, last) if time}
        dirty_days.mark(conn, dirty_days.GITHUB, days)
    return (int(happened), times, last) != (one.reopened or 0, one.times, one.reopened_at)


def know_nothing(conn: sqlite3.Connection, repo_id: int, number: int) -> None:
    """Write down that events of a pull request may have been missed; caller's transaction."""
    conn.execute(_WAIT, {"repo_id": repo_id, "number": number, "scope": ALL, "anew": True})


def stop_waiting(conn: sqlite3.Connection, repo_id: int, number: int) -> None:
    """Leave a pull request as it is until it changes: its events are nowhere; in a transaction."""
    conn.execute(_DONE, {"repo_id": repo_id, "number": number})


def count_pull_requests(conn: sqlite3.Connection, repo_id: int) -> int:
    """Return how many pull requests GitHub told of."""
    return int(conn.execute(_COUNT, (repo_id,)).fetchone()[0])


def stored_pull_requests(conn: sqlite3.Connection, repo_id: int) -> list[dict[str, Any]]:
    """Return what is compared with the source, of every pull request GitHub told of."""
    return [dict(row) for row in conn.execute(_SAMPLE, (repo_id,))]


def unsized(conn: sqlite3.Connection, repo_id: int) -> list[tuple[int, str, str]]:
    """Return `(number, node id, updated_at)` of those whose size is not known as of now."""
    return [tuple(row) for row in conn.execute(_UNSIZED, (repo_id,))]


def set_sizes(
    conn: sqlite3.Connection, repo_id: int, sizes: Mapping[int, tuple[Mapping[str, Any], str]]
) -> set[int]:
    """Store lines, files and first reviews; caller's transaction.

    Args:
        conn: The connection, in a transaction.
        repo_id: The repository.
        sizes: By number, `(columns, updated_at as of which they hold)`; None says nothing.

    Returns:
        Numbers of those that say something else now.
    """
    before = _by_number(conn, repo_id, sizes)
    rows = [
        {**values, "repo_id": repo_id, "number": number} for number, (values, _) in sizes.items()
    ]
    conn.executemany(_SET_SIZE, rows)
    set_state(conn, repo_id, {str(number): as_of for number, (_, as_of) in sizes.items()}, SIZES)
    after = _by_number(conn, repo_id, sizes)
    return {number for number, row in after.items() if tuple(row) != tuple(before[number])}


def forget(conn: sqlite3.Connection, repo_id: int, stream: str, *keys: str) -> None:
    """Forget values of a stream; without keys, all of them; caller's transaction."""
    for key in keys or tuple(state(conn, repo_id, stream)):
        conn.execute(
            "delete from sync_state where repo_id = ? and stream = ? and key = ?",
            (repo_id, stream, key),
        )
