"""Decides the rows of calls anew from all of their records; the one place that joins and parts.

Takes apart what was joined, leaves out records that never count, joins by shared keys, fills in
what scopes tell, joins what no id bridges, and writes what differs. Every step is a function of
sets, so the outcome is the same for any order, split or repetition of records.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from prodlens.frozen import replaced
from prodlens.storage import (
    attempts,
    call_rows,
    context_facts,
    matching,
    shadows,
    weak_sessions,
)
from prodlens.storage.identity_keys import key_digest, listed
from prodlens.storage.joining import joined_by_keys
from prodlens.storage.matching import Candidate
from prodlens.storage.merging import resolve

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Sequence

    from prodlens.schemas import CanonicalTrace
    from prodlens.storage.context_facts import Facts
    from prodlens.storage.matching import Group
    from prodlens.storage.merging import Observation

_SAME_CALLS: Final = """
select id, sources from sessions
where session_id = ? and model = ? and tokens_in = ? and tokens_out = ?
    and session_source is not 'weak'
"""
_SAME_FAILURES: Final = """
select id, sources from sessions
where timestamp >= ? and timestamp < ? || '~' and model = ?
    and (status_code >= 400 or error_type is not null)
    and (error_type = ? or error_type like ? || ':%')
"""
_SAME_AS_ANY: Final = """
select g.key, s.sources from json_each(?) g cross join sessions s
    on s.session_id = json_extract(g.value, '$[0]') and s.model = json_extract(g.value, '$[1]')
    and s.tokens_in = json_extract(g.value, '$[2]')
    and s.tokens_out = json_extract(g.value, '$[3]')
where s.session_source is not 'weak'
group by g.key, s.sources
"""
_SOUGHT_IN: Final = """
select s.id from call_scopes c join suggestions s on s.within = c.scope
where c.call_id in (select value from json_each(?))
"""
"""Edits that are looked for among the calls of a scope, which these calls may leave."""


@dataclass(slots=True)
class Rebuilt:
    """What a rebuild did.

    Attributes:
        new: Calls that have a row now and had none.
        gone: Calls whose row went away.
        changed: Calls whose row says something else.
        calls: Every call that was written.
        days: UTC days that changed.
        traces: Trace keys whose weak sessions must be decided again.
        edits: Suggestions whose call went away, or may be another one now.
    """

    new: set[int] = field(default_factory=set)
    gone: set[int] = field(default_factory=set)
    changed: set[int] = field(default_factory=set)
    calls: set[int] = field(default_factory=set)
    days: set[str] = field(default_factory=set)
    traces: set[int] = field(default_factory=set)
    edits: set[int] = field(default_factory=set)


@dataclass(slots=True)
class _Component:
    """Records that shared keys join, and what they say together."""

    records: list[Observation]
    merged: Observation
    group: Group | None


class Rebuilder:
    """Rebuilds calls inside the caller's transaction.

    Args:
        conn: The connection.
        price: Prices a call whose model is known only from its scopes; None leaves it unpriced.
        several: Whether calls of more than one source may meet; else no unbridged call is sought.
    """

    def __init__(
        self,
        conn: sqlite3.Connection,
        *,
        price: Callable[[CanonicalTrace], tuple[int, str] | None] | None,
        several: bool,
    ) -> None:
        self._conn = conn
        self._price = price
        self._several = several
        self._next = call_rows.next_id(conn)

    def rebuild(self, calls: Iterable[int], extras: Sequence[Observation], done: Rebuilt) -> None:
        """Decide calls anew together with further records, and note in `done` what changed."""
        wanted = set(calls)
        while True:
            rows = call_rows.rows(self._conn, wanted)
            home: dict[int, int] = {}
            records: dict[int, Observation] = {}
            for row in rows:
                for record in call_rows.records(self._conn, row):
                    records[record.content] = record
                    home[record.content] = int(row["id"])
            for extra in extras:  # an equal digest is an equal record with equal keys
                records.setdefault(extra.content, extra)
            components = self._components(list(records.values()))
            more = self._relatives(components, wanted)
            if not more:
                break
            wanted |= more
        before = {int(row["id"]): row for row in rows}
        self._write(self._unions(components), before, home, done)

    def _components(self, records: list[Observation]) -> list[_Component]:
        counted = shadows.without(self._conn, records)
        groups = joined_by_keys(attempts.joining(counted))
        scopes = {key_digest(scope) for record in counted for scope in record.trace.scopes}
        facts = context_facts.of(self._conn, scopes)
        found = []
        for members in groups:
            mine = [counted[position] for position in members]
            merged = _described(mine, facts)
            found.append(_Component(mine, merged, matching.group_of(merged.trace)))
        return found

    def _relatives(self, components: Sequence[_Component], known: set[int]) -> set[int]:
        """Return further calls that may be the same as one of these."""
        more: set[int] = set()
        for component in components if self._several else ():
            sources = call_rows.sources_of(component.records)
            for call, others in candidates(self._conn, component.group):
                if call not in known and others != sources:
                    more.add(call)
        return more

    def _unions(self, components: list[_Component]) -> list[_Component]:
        by_group: dict[Group, list[_Component]] = {}
        alone: list[_Component] = []
        for component in components:
            if component.group is None:
                alone.append(component)
            else:
                by_group.setdefault(component.group, []).append(component)
        for members in by_group.values():
            found = matching.unions([_candidate(member) for member in members])
            alone += [self._union([members[position] for position in union]) for union in found]
        return alone

    def _union(self, members: list[_Component]) -> _Component:
        if len(members) == 1:
            return members[0]
        records = [record for member in members for record in member.records]
        scopes = {key_digest(scope) for record in records for scope in record.trace.scopes}
        merged = _described(records, context_facts.of(self._conn, scopes))
        return _Component(records, merged, members[0].group)

    def _priced(self, component: _Component) -> None:
        """Price tokens whose model came from elsewhere, once, and keep the price with them."""
        merged = component.merged
        trace = merged.trace
        if self._price is None or trace.cost_usd is not None or merged.cost_nanos is not None:
            return
        if trace.model is None or all(r.trace.model is not None for r in component.records):
            return
        cost = self._price(trace)
        if cost is not None:
            component.merged = replaced(merged, cost_nanos=cost[0], price_version=cost[1])

    def _write(
        self,
        unions: Sequence[_Component],
        before: dict[int, sqlite3.Row],
        home: dict[int, int],
        done: Rebuilt,
    ) -> None:
        taken: dict[int, _Component] = {}
        new: list[_Component] = []
        for union in sorted(unions, key=lambda u: u.merged.identity):
            self._priced(union)
            old = {home[r.content] for r in union.records if r.content in home} - set(taken)
            if old:
                taken[min(old)] = union
            else:
                new.append(union)
        gone = set(before) - set(taken)
        said = {call: call_rows.said(row) for call, row in before.items()}
        done.days |= {str(before[call]["event_date"]) for call in gone}
        for call in gone:
            done.traces |= _of_call(self._conn, "select trace_key from trace_links", call)
            done.edits |= _of_call(self._conn, "select id from suggestions", call)
        sought = self._conn.execute(_SOUGHT_IN, (listed(before),))
        done.edits |= {int(row[0]) for row in sought}
        call_rows.delete(self._conn, gone)
        if len(taken) > 1:
            call_rows.step_aside(self._conn, taken)
        for call, union in taken.items():
            call_rows.update(self._conn, call, union.merged, union.records)
        for union in new:
            call_rows.insert(self._conn, self._next, union.merged, union.records)
            taken[self._next] = union
            done.new.add(self._next)
            self._next += 1
        done.gone |= gone
        self._note(taken, before, said, done)

    def _note(
        self,
        written: dict[int, _Component],
        before: dict[int, sqlite3.Row],
        said: dict[int, dict[str, object]],
        done: Rebuilt,
    ) -> None:
        done.calls |= set(written)
        for row in call_rows.rows(self._conn, written):
            call = int(row["id"])
            done.traces |= weak_sessions.relink(self._conn, call, written[call].merged)
            if call not in before:
                done.days.add(str(row["event_date"]))
            elif call_rows.said(row) != said[call]:
                done.changed.add(call)
                done.days |= {str(row["event_date"]), str(before[call]["event_date"])}


def candidates(conn: sqlite3.Connection, group: Group | None) -> list[tuple[int, str]]:
    """Return `(call, sources)` of the stored calls of one group."""
    if group is None:
        return []
    if group[0] == "call":
        _, session, model, tokens_in, tokens_out = group
        found = conn.execute(_SAME_CALLS, (session, model, int(tokens_in), int(tokens_out)))
    else:
        _, timestamp, model, kind = group
        found = conn.execute(_SAME_FAILURES, (timestamp, timestamp, model, kind, kind))
    return [(int(row[0]), str(row[1])) for row in found]


def seen_by(conn: sqlite3.Connection, groups: Iterable[Group]) -> dict[Group, set[str]]:
    """Return which formats saw stored calls of these groups, for those groups that have any."""
    seen: dict[Group, set[str]] = {}
    asked: list[Group] = []
    for group in groups:
        if group[0] == "call":
            asked.append(group)
        elif found := candidates(conn, group):
            seen[group] = {name for _, names in found for name in names.split(",")}
    wanted = [(session, model, int(i), int(o)) for _, session, model, i, o in asked]
    for key, names in conn.execute(_SAME_AS_ANY, (listed(wanted),)):
        seen.setdefault(asked[key], set()).update(names.split(","))
    return seen


def _described(records: Sequence[Observation], facts: Facts) -> Observation:
    """Return what records of one call and the facts of their scopes say together."""
    return context_facts.inherited(resolve(context_facts.without_copies(records, facts))[0], facts)


def _candidate(component: _Component) -> Candidate:
    sources = frozenset(record.trace.source for record in component.records)
    return Candidate(component.merged.trace, sources, component.merged.identity)


def _of_call(conn: sqlite3.Connection, select: str, call: int) -> set[int]:
    return {int(row[0]) for row in conn.execute(f"{select} where call_id = ?", (call,))}
