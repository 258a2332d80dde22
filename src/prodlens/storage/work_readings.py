"""SQL that reads when each person, or each session nobody is named for, called; writes nothing.

Decides nothing about where working sessions begin or end: `prodlens.metrics.working_sessions` does.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from prodlens.storage.persons import person

if TYPE_CHECKING:
    import sqlite3

    from prodlens.storage.where import Clause

_LONGEST_MS: Final = 86_400_000
"""A day: a call that claims to have taken longer says nothing about when it ended."""
_TIMES: Final = f"""
with owners (id, person) as (
    select id, {person("id")} from (
        select distinct developer_id as id from sessions
        where {{where}} and developer_id is not null
    )
)
select
    case when developer_id is null then 'session' else 'person' end as kind,
    coalesce(owners.person, session_id) as name,
    cast(strftime('%s', substr(timestamp, 1, 19)) as integer)
        + cast('0' || substr(timestamp, 20, 7) as real) as start,
    case when latency_ms > 0 and latency_ms <= {_LONGEST_MS} then latency_ms / 1000.0 else 0.0 end
        as seconds
from sessions left join owners on owners.id = sessions.developer_id
where {{where}} and (developer_id is not null or session_id is not null)
"""


@dataclass(frozen=True, slots=True)
class CallTimes:
    """When the calls of one owner began and ended, one entry per call in each array.

    Attributes:
        starts: Seconds since 1970, UTC.
        ends: Seconds since 1970; the start where the duration is not known.
    """

    starts: array[float] = field(default_factory=lambda: array("d"))
    ends: array[float] = field(default_factory=lambda: array("d"))


def call_times(conn: sqlite3.Connection, where: Clause) -> dict[tuple[str, str], CallTimes]:
    """Return when the calls of a slice were, by owner, in no order.

    The owner is the person behind the developer id, else the native session. A call that names
    neither belongs to nobody and is left out.

    Args:
        conn: The database.
        where: The slice, of `prodlens.storage.where.sessions`.

    Returns:
        By `("person", id)` or `("session", id)`.
    """
    found: dict[tuple[str, str], CallTimes] = {}
    rows = conn.execute(_TIMES.format(where=where.sql), where.parameters)
    for kind, name, start, seconds in rows:
        times = found.get((kind, name))
        if times is None:
            times = found[(kind, name)] = CallTimes()
        times.starts.append(start)
        times.ends.append(start + seconds)
    return found
