"""Owns the working sessions of a slice: stretches of its days, joined over midnight and over ids.

What a stretch is stands in `prodlens.storage.stretches`. Each day's stretches are complete but for
their ends: the first may go on with the day before, and several ids of one person, traffic classes
or sources may interleave. Only those are looked at one by one. Runs no SQL.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import accumulate, chain, groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Final

from prodlens.storage.sorted_runs import SortedRuns
from prodlens.storage.stretches import IDLE_SECONDS, cut

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from prodlens.storage.day_values import DayValues

    Owner = str | tuple[str]
    _Share = tuple[DayValues, int, int]

_DAY: Final = attrgetter("event_date")


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """Working sessions: how long they were, and how many calls they hold.

    Attributes:
        seconds: Length of each, ascending.
        calls: Calls in all of them.
    """

    seconds: SortedRuns = field(default_factory=SortedRuns)
    calls: int = 0

    @property
    def total_seconds(self) -> float:
        """The sum of all lengths."""
        return self.seconds.sum()

    def __len__(self) -> int:
        return len(self.seconds)


def work(values: Iterable[DayValues], people: Mapping[str, str], *, idle: float) -> Work:
    """Return the working sessions of all owners.

    The owner of a call is the person behind its developer id, else its native session; a call that
    names neither is in none.

    Args:
        values: The values of their days, by day; their stretches are cut by a gap of at most
            `idle`.
        people: The person of every developer id.
        idle: Seconds without a call that end a working session.
    """
    days = list(values)
    joined = _Joined(idle)
    for _, found in groupby(days, _DAY):
        joined.add(list(found), people)
    return Work(
        seconds=SortedRuns(
            [*(one.stretch_seconds for one in days), sorted(joined.added)],
            [sorted(joined.gone)],
        ),
        calls=sum(one.owned_calls for one in days),
    )


@dataclass(slots=True)
class _Joined:
    """What becomes of the stretches of days when days are put together.

    Attributes:
        idle: Seconds without a call that end a working session.
        open: When the last stretch of each owner began and ended.
        gone: Lengths of stretches that are part of a longer one.
        added: Lengths of stretches made of others.
    """

    idle: float
    open: dict[Owner, tuple[float, float]] = field(default_factory=dict)
    gone: list[float] = field(default_factory=list)
    added: list[float] = field(default_factory=list)

    def add(self, values: Sequence[DayValues], people: Mapping[str, str]) -> None:
        """Put the stretches of the next day to those before."""
        if len(values) == 1 and self.idle <= IDLE_SECONDS:
            places = [*_places(values[0], people)]
            if len({owner for owner, _, _ in places}) == len(places):
                self._add_one(values[0], places)
                return
        parts: dict[Owner, _Share] = {}
        several: dict[Owner, list[_Share]] = {}
        for one in values:
            for owner, begin, end in _places(one, people):
                if owner in parts:
                    several.setdefault(owner, [parts[owner]]).append((one, begin, end))
                else:
                    parts[owner] = one, begin, end
        whole = self.idle <= IDLE_SECONDS
        for owner, (one, begin, end) in parts.items():
            if whole and owner not in several:
                self._go_on(owner, one, begin, end)
            else:
                self._join(owner, several.get(owner, [(one, begin, end)]))

    def _add_one(self, one: DayValues, places: Iterable[tuple[Owner, int, int]]) -> None:
        """Put the stretches of owners to those before; each owner stands there once."""
        starts, ends, known, idle = one.stretch_starts, one.stretch_ends, self.open, self.idle
        for owner, begin, end in places:
            before = known.get(owner)
            if before is None or starts[begin] - before[1] > idle:
                known[owner] = starts[end - 1], ends[end - 1]
            else:
                self._go_on(owner, one, begin, end)

    def _go_on(self, owner: Owner, one: DayValues, begin: int, end: int) -> None:
        """Put a day's stretches to the one before them, which may reach into the first ones."""
        starts, ends = one.stretch_starts, one.stretch_ends
        before = self.open.get(owner)
        at = begin
        if before is not None and starts[begin] - before[1] <= self.idle:
            first, last = before
            while at < end and starts[at] - last <= self.idle:
                self.gone.append(ends[at] - starts[at])
                last = max(last, ends[at])
                at += 1
            self.gone.append(before[1] - first)
            self.added.append(last - first)
            self.open[owner] = first, last
        if at < end:
            self.open[owner] = starts[end - 1], ends[end - 1]

    def _join(self, owner: Owner, parts: Iterable[_Share]) -> None:
        """Cut anew what an owner's stretches of a day and the one before them are made of."""
        pieces = [(*piece, 1) for part in parts for piece in _pieces(*part)]
        if owner in self.open:
            pieces.append((*self.open[owner], 1))
        found = cut(pieces, self.idle)
        self.gone += (end - start for start, end, _ in pieces)
        self.added += (one.end - one.start for one in found)
        self.open[owner] = found[-1].start, found[-1].end


def _places(one: DayValues, people: Mapping[str, str]) -> Iterator[tuple[Owner, int, int]]:
    """Return the owners of some calls, and where their stretches begin and end.

    A person is an owner by name; a session by its name in a tuple of one.
    """
    persons = [people[name] for name in one.developers]
    sessions = [(name,) for name in one.unowned]
    ends = [*accumulate(one.stretch_counts)]
    return zip(chain(persons, sessions), (0, *ends), ends, strict=False)


def _pieces(one: DayValues, begin: int, end: int) -> Iterator[tuple[float, float]]:
    """Return stretches to be cut again."""
    return zip(one.stretch_starts[begin:end], one.stretch_ends[begin:end], strict=True)
