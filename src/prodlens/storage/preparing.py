"""Owns what storing a batch of calls needs and no database knows; reads and writes none.

Processes write one after the other, but all of them prepare at the same time: whatever is done
here is no part of a transaction.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import compress
from typing import TYPE_CHECKING, Any

from prodlens.storage import call_rows, matching, weak_sessions
from prodlens.storage.joining import joined_by_keys

if TYPE_CHECKING:
    from collections.abc import Container, Sequence

    from prodlens.storage.matching import Group
    from prodlens.storage.merging import Observation
    from prodlens.storage.weak_sessions import Link


@dataclass(frozen=True, slots=True)
class NewCalls:
    """Calls as they are stored when nobody has seen them; sequences of the same length.

    Attributes:
        statement: Inserts one row.
        positions: Which records of the batch describe them.
        rows: Values of their rows, without an id.
        days: UTC days (`YYYY-MM-DD`).
        keys: Digests of every key of each.
        links: What their trace ids tell; None where there is none.
    """

    statement: str
    positions: Sequence[int]
    rows: Sequence[tuple[Any, ...]]
    days: Sequence[str]
    keys: Sequence[tuple[int, ...]]
    links: Sequence[Link | None]

    def without(self, others: Container[int]) -> NewCalls:
        """Return the calls at positions that are none of these."""
        kept = [position not in others for position in self.positions]
        return NewCalls(
            statement=self.statement,
            positions=list(compress(self.positions, kept)),
            rows=list(compress(self.rows, kept)),
            days=list(compress(self.days, kept)),
            keys=list(compress(self.keys, kept)),
            links=list(compress(self.links, kept)),
        )


@dataclass(frozen=True, slots=True)
class Prepared:
    """A batch of observations, ready to be stored.

    Attributes:
        observations: The batch.
        sources: Names of their formats, sorted.
        single: Calls that one record of the batch describes and that depend on no scope.
        groups: Positions of the records that another source may have seen, by what they would
            have in common.
    """

    observations: Sequence[Observation]
    sources: Sequence[str]
    single: NewCalls
    groups: dict[Group, list[int]]


def prepare(batch: Sequence[Observation]) -> Prepared:
    """Return a batch ready to be stored."""
    alone = [
        members[0]
        for members in joined_by_keys([observation.digests for observation in batch])
        if len(members) == 1 and not batch[members[0]].trace.scopes
    ]
    return Prepared(
        observations=batch,
        sources=sorted({observation.trace.source for observation in batch}),
        single=_new_calls(batch, alone),
        groups=_groups(batch),
    )


def _new_calls(batch: Sequence[Observation], positions: Sequence[int]) -> NewCalls:
    calls = [batch[position] for position in positions]
    statement, rows, days = call_rows.bound(calls)
    return NewCalls(
        statement=statement,
        positions=positions,
        rows=rows,
        days=days,
        keys=[call.digests for call in calls],
        links=[None if call.trace.trace_id is None else weak_sessions.link(call) for call in calls],
    )


def _groups(batch: Sequence[Observation]) -> dict[Group, list[int]]:
    groups: dict[Group, list[int]] = {}
    for position, observation in enumerate(batch):
        if (group := matching.group_of(observation.trace)) is not None:
            groups.setdefault(group, []).append(position)
    return groups
