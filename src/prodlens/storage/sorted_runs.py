"""Owns many numbers as several ascending runs: counts and order statistics without one long list.

What whoever reads a single ascending list would get, exactly; pure, knows no SQL.
Source: order statistics of a union of sorted lists by bisection over the values.
"""

from __future__ import annotations

import math
import struct
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import chain
from typing import TYPE_CHECKING, Final, overload

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

_FEW: Final = 4096


class SortedRuns(Sequence[float]):
    """An ascending sequence of numbers that are 0 or more, held as runs.

    Args:
        runs: Ascending runs.
        without: Ascending runs of values that are taken away again; each must be in `runs`.
        few: Up to so many values are sorted at once: that takes less time than bisections.
    """

    def __init__(
        self,
        runs: Iterable[Sequence[float]] = (),
        without: Iterable[Sequence[float]] = (),
        *,
        few: int = _FEW,
    ) -> None:
        self._few = few
        self._runs = tuple(run for run in runs if run)
        self._without = tuple(run for run in without if run)
        self._length = sum(map(len, self._runs)) - sum(map(len, self._without))
        self._all: list[float] | None = None
        self._known: dict[int, float] = {}
        self._sum: float | None = None

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[float]:
        return iter(self._sorted())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(other)

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        return f"SortedRuns({len(self)} values)"

    @overload
    def __getitem__(self, place: int) -> float: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[float]: ...
    def __getitem__(self, place: int | slice) -> float | Sequence[float]:
        """Return the value at a place of the ascending order.

        Raises:
            IndexError: There is no such place.
        """
        if isinstance(place, slice):
            return self._sorted()[place]
        at = place + self._length if place < 0 else place
        if not 0 <= at < self._length:
            raise IndexError(place)
        if self._all is not None or self._length <= self._few:
            return self._sorted()[at]
        if at not in self._known:
            self._known[at] = self._search(at)
        return self._known[at]

    def below(self, value: float) -> int:
        """Return how many values are smaller than one."""
        return _counted(bisect_left, self._runs, value) - _counted(
            bisect_left, self._without, value
        )

    def sum(self) -> float:
        """Return the correctly rounded sum, the same for any runs of the same values."""
        if self._sum is None:
            taken = (-value for run in self._without for value in run)
            self._sum = math.fsum(chain(chain.from_iterable(self._runs), taken))
        return self._sum

    def _upto(self, value: float) -> int:
        return _counted(bisect_right, self._runs, value) - _counted(
            bisect_right, self._without, value
        )

    def _search(self, place: int) -> float:
        """Return the smallest value up to which more than `place` values lie.

        Numbers from 0 on are in the order of their bits, read as whole numbers: those are halved
        until few values are left between.
        """
        low = _bits(min(run[0] for run in self._runs))
        high = _bits(max(run[-1] for run in self._runs))
        before, upto = 0, self._length
        while low < high and upto - before > self._few:
            middle = (low + high) // 2
            count = self._upto(_number(middle))
            if count > place:
                high, upto = middle, count
            else:
                low, before = middle + 1, count
        return self._between(_number(low), _number(high))[place - before]

    def _between(self, low: float, high: float) -> list[float]:
        """Return the values from one number to another, both included, ascending."""
        found, gone = (
            sorted(
                chain.from_iterable(
                    run[bisect_left(run, low) : bisect_right(run, high)] for run in runs
                )
            )
            for runs in (self._runs, self._without)
        )
        return _less(found, gone)

    def _sorted(self) -> list[float]:
        if self._all is None:
            every = sorted(chain.from_iterable(self._runs))
            self._all = _less(every, sorted(chain.from_iterable(self._without)))
        return self._all


def _less(every: list[float], without: Sequence[float]) -> list[float]:
    """Return ascending values without others, each of which is among them."""
    if not without:
        return every
    kept: list[float] = []
    at = 0
    for value in every:
        if at < len(without) and without[at] == value:
            at += 1
        else:
            kept.append(value)
    return kept


def _counted(
    place: Callable[[Sequence[float], float], int], runs: Sequence[Sequence[float]], value: float
) -> int:
    return sum([place(run, value) for run in runs])


def _bits(value: float) -> int:
    return int(struct.unpack("<q", struct.pack("<d", value + 0.0))[0])


def _number(bits: int) -> float:
    return float(struct.unpack("<d", struct.pack("<q", bits))[0])
