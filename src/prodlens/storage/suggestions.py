"""SQL of `suggestions`: records of proposed edits -> one row each -> what calls say of acceptance.

A call's `accepted_flag`, `accepted_lines` and `diff_ratio` follow from its edits unless its own
record states one of them. They are decided again whenever a record of an edit, of its call or of
its prompt arrives.
"""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING, Any, Final

from prodlens.clock import format_instant
from prodlens.schemas import Decision, Fact
from prodlens.storage import context_facts, suggestion_rows
from prodlens.storage.identity_keys import key_digest
from prodlens.storage.trace_rows import BY_PEOPLE, BY_RULE

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import datetime

    from prodlens.schemas import Suggestion
    from prodlens.storage.merging import Place

_SALT: Final = "suggestion_salt"
_SALT_BYTES: Final = 16
_DERIVED: Final = (
    "call_id",
    "call_key",
    "within",
    "session_id",
    "developer_id",
    "provider_message_id",
    "timestamp",
    "event_date",
    "repo_slug",
    "tool",
    "language",
    "file_hash",
    "path_hashes",
    "proposed_lines",
    "decision",
    "decided_by",
    "decision_source",
    "user_modified",
    "applied_lines",
    "diff_ratio",
    "line_hashes",
    "sources",
)
_NEW: Final = """
insert into suggestions (suggestion_key, decision, decided_by) values (?, 'unknown', 'unknown')
on conflict (suggestion_key) do nothing
"""
_ADD_RECORD: Final = """
insert or ignore into suggestion_records
    (suggestion_id, content, record, source_file, source_offset, source_line)
values (?, ?, ?, ?, ?, ?)
"""
_FIND: Final = "select id from suggestions where suggestion_key = ?"
_ADD_WAITING: Final = """
insert or ignore into suggestion_waiting
    (suggestion_key, content, record, source_file, source_offset, source_line)
values (?, ?, ?, ?, ?, ?)
"""
_TAKE_WAITING: Final = """
delete from suggestion_waiting where suggestion_key = ?
returning content, record, source_file, source_offset, source_line
"""
_ADD_SCOPE: Final = "insert or ignore into suggestion_scopes (scope, suggestion_id) values (?, ?)"
_UPDATE: Final = (
    f"update suggestions set {', '.join(f'{name} = :{name}' for name in _DERIVED)} where id = :id"
)
_CALL_IN_SCOPE: Final = """
select s.id from call_scopes c join sessions s on s.id = c.call_id
where c.scope = :scope and s.timestamp >= :at
order by s.timestamp, s.trace_hash limit 1
"""
_CALL_UNDER_WAY: Final = """
select s.id from call_scopes c join sessions s on s.id = c.call_id
where c.scope = :scope and s.timestamp <= :at and s.is_subagent = 0 and s.error_type is null
    and not exists (
        select 1 from call_scopes o join sessions a on a.id = o.call_id
        where o.scope = :scope and a.is_subagent = 1)
order by s.timestamp desc, s.trace_hash limit 1
"""
"""Agents of one prompt work side by side: where one took part, the order of calls tells nothing."""
_CONCERNED: Final = """
select id from suggestions where call_id in (select value from json_each(:calls))
union select s.id from call_keys k join suggestions s on s.call_key = k.key
    where k.call_id in (select value from json_each(:calls))
union select s.id from call_scopes c join suggestions s on s.within = c.scope
    where c.call_id in (select value from json_each(:calls))
"""
_WAITING: Final = """
select s.id from suggestions s join call_keys k on k.key = s.call_key
where s.call_id is null
"""
_OF_SCOPES: Final = """
select suggestion_id from suggestion_scopes where scope in (select value from json_each(?))
"""
_OF_CALL: Final = """
select decision, decided_by, proposed_lines, applied_lines, diff_ratio from suggestions
where call_id = ? order by suggestion_key
"""
_ACCEPT: Final = """
update sessions set accepted_flag = :flag, accepted_source = :source, accepted_lines = :lines,
    diff_ratio = :ratio
where id = :id
    and (accepted_source in ('suggestions', 'suggestions_auto')
        or (accepted_flag is null and accepted_source is null and accepted_lines is null
            and diff_ratio is null))
    and (accepted_flag is not :flag or accepted_source is not :source
        or accepted_lines is not :lines or diff_ratio is not :ratio)
returning event_date
"""
_FILL: Final = """
select case when session_source = 'weak' then null else session_id end as session_id,
    developer_id, repo_slug, provider_message_id
from sessions where id = ?
"""


def salt(conn: sqlite3.Connection) -> bytes:
    """Return this store's salt of digests, made once; inside the caller's transaction if new."""
    find = "select value from store_settings where key = ?"
    row = conn.execute(find, (_SALT,)).fetchone()
    if row is None:
        made = secrets.token_hex(_SALT_BYTES)
        conn.execute("insert or ignore into store_settings values (?, ?)", (_SALT, made))
        row = conn.execute(find, (_SALT,)).fetchone()
    return bytes.fromhex(row[0])


def add(
    conn: sqlite3.Connection,
    batch: Sequence[tuple[Suggestion, Place]],
    salted: Callable[[Iterable[int]], bytes],
) -> set[int]:
    """Store what records say about edits, inside the caller's transaction.

    Returns:
        Suggestions of which something new is known; give them to `settle`.
    """
    touched: set[int] = set()
    for suggestion, place in batch:
        record = suggestion_rows.encode(suggestion, salted)
        text = suggestion_rows.text(record)
        values = (key_digest(text), text, place.file_id, place.offset, place.line)
        found = _id_of(conn, suggestion, touched)
        if found is None:
            conn.execute(_ADD_WAITING, (suggestion.key, *values))
        elif _add_record(conn, found, values):
            touched.add(found)
    return touched


def _id_of(conn: sqlite3.Connection, suggestion: Suggestion, touched: set[int]) -> int | None:
    """Return the row of an edit, made when a record says that it is one; None as long as none does.

    What was said of it before it was known to be an edit is told to the new row.
    """
    found = conn.execute(_FIND, (suggestion.key,)).fetchone()
    if found is not None:
        return int(found[0])
    if not suggestion.is_edit:
        return None
    conn.execute(_NEW, (suggestion.key,))
    made = int(conn.execute(_FIND, (suggestion.key,)).fetchone()[0])
    for values in conn.execute(_TAKE_WAITING, (suggestion.key,)).fetchall():
        _add_record(conn, made, tuple(values))
    touched.add(made)
    return made


def _add_record(conn: sqlite3.Connection, suggestion: int, values: tuple[Any, ...]) -> bool:
    """Store one record of an edit; return whether it is new."""
    if not conn.execute(_ADD_RECORD, (suggestion, *values)).rowcount:
        return False
    scopes = json.loads(values[1]).get("scopes", ())
    conn.executemany(_ADD_SCOPE, [(key_digest(scope), suggestion) for scope in scopes])
    return True


def concerned(conn: sqlite3.Connection, calls: Iterable[int], scopes: Iterable[int]) -> set[int]:
    """Return the suggestions that calls or scopes may say something new about."""
    if conn.execute("select 1 from suggestions limit 1").fetchone() is None:
        return set()
    found = {int(r[0]) for r in conn.execute(_CONCERNED, {"calls": json.dumps(list(calls))})}
    found |= {int(row[0]) for row in conn.execute(_WAITING)}
    asked = json.dumps(list(scopes))
    return found | {int(row[0]) for row in conn.execute(_OF_SCOPES, (asked,))}


def settle(conn: sqlite3.Connection, touched: Iterable[int], calls: Iterable[int]) -> set[str]:
    """Decide suggestions anew, and what their calls say of acceptance.

    Args:
        conn: The connection, inside the caller's transaction.
        touched: Suggestions of which something new is known.
        calls: Calls whose rows were written anew.

    Returns:
        UTC days whose calls say something else now.
    """
    asked = set(calls)
    for suggestion in sorted(touched):
        before = conn.execute("select call_id from suggestions where id = ?", (suggestion,))
        row = _decided(conn, suggestion)
        asked |= {call for call in (before.fetchone()[0], row["call_id"]) if call is not None}
        conn.execute(_UPDATE, row)
    days: set[str] = set()
    for call in sorted(asked):
        days |= _accept(conn, call)
    return days


def _decided(conn: sqlite3.Connection, suggestion: int) -> dict[str, Any]:
    found = conn.execute(
        "select record from suggestion_records where suggestion_id = ?", (suggestion,)
    )
    records = [json.loads(row[0]) for row in found]
    scopes = sorted({scope for record in records for scope in record.get("scopes", ())})
    facts = context_facts.of(conn, [key_digest(scope) for scope in scopes])
    row = suggestion_rows.resolve(records, context_facts.value(scopes, facts, Fact.PERMISSION_MODE))
    find = _CALL_UNDER_WAY if suggestion_rows.is_during(row["within"]) else _CALL_IN_SCOPE
    row["within"] = suggestion_rows.scope_of(row["within"])
    for name in ("call_key", "within"):
        row[name] = None if row[name] is None else key_digest(row[name])
    row["call_id"] = _call(conn, row, find)
    if row["repo_slug"] is None:
        row["repo_slug"] = context_facts.value(scopes, facts, Fact.REPO_SLUG)
    if row["call_id"] is not None:
        filled = conn.execute(_FILL, (row["call_id"],)).fetchone()
        for name in ("developer_id", "repo_slug", "provider_message_id"):
            row[name] = filled[name] if row[name] is None else row[name]
        # Copies of an edit name the session that copied it; its call knows whose it was.
        row["session_id"] = filled["session_id"] or row["session_id"]
    return row | {"id": suggestion}


def _call(conn: sqlite3.Connection, row: dict[str, Any], find: str) -> int | None:
    """Return the call that proposed an edit: the named one, else the one `find` selects."""
    found = None
    if row["call_key"] is not None:
        keys = "select min(call_id) from call_keys where key = ?"
        found = conn.execute(keys, (row["call_key"],)).fetchone()
    elif row["within"] is not None and row["timestamp"] is not None:
        values = {"scope": row["within"], "at": row["timestamp"]}
        found = conn.execute(find, values).fetchone()
    return None if found is None else found[0]


def _accept(conn: sqlite3.Connection, call: int) -> set[str]:
    said = suggestion_rows.acceptance_of(conn.execute(_OF_CALL, (call,)).fetchall())
    source = None
    if said.accepted is not None:
        source = BY_PEOPLE if said.by_people else BY_RULE
    values = {
        "id": call,
        "flag": said.accepted,
        "source": source,
        "lines": said.lines,
        "ratio": said.diff_ratio,
    }
    return {str(row[0]) for row in conn.execute(_ACCEPT, values).fetchall()}


def accepted(
    conn: sqlite3.Connection, *, repo_slug: str | None = None, since: datetime | None = None
) -> Iterator[sqlite3.Row]:
    """Yield accepted suggestions with digests, newest first, for measuring what was kept.

    Args:
        conn: The connection.
        repo_slug: Those of this repository and those of none; None is all.
        since: Those proposed at this instant or later.
    """
    yield from conn.execute(
        """
        select * from suggestions
        where decision = :accept and line_hashes is not null and path_hashes is not null
            and timestamp is not null
            and (:repo is null or repo_slug is null or repo_slug = :repo)
            and (:since is null or timestamp >= :since)
        order by timestamp desc, suggestion_key
        """,
        {
            "accept": Decision.ACCEPT.value,
            "repo": repo_slug,
            "since": None if since is None else format_instant(since),
        },
    )


def set_retention(
    conn: sqlite3.Connection,
    suggestion_id: int,
    *,
    status: str,
    lines: int | None,
    sha: str | None,
) -> bool:
    """Write what became of an accepted edit; return whether that is new. Caller's transaction.

    Args:
        conn: The connection.
        suggestion_id: `suggestions.id`.
        status: `pending`, `kept` or `not_committed`.
        lines: Meaningful lines that were found again; None while pending.
        sha: The commit they were found in, None when there is none.
    """
    changed = conn.execute(
        """
        update suggestions set retention_status = :status, retained_lines = :lines,
            retained_at_sha = :sha
        where id = :id and (retention_status is not :status or retained_lines is not :lines
            or retained_at_sha is not :sha)
        """,
        {"id": suggestion_id, "status": status, "lines": lines, "sha": sha},
    )
    return changed.rowcount > 0
