"""Which records share a key, also through others; pure, knows no record and no SQL."""

from __future__ import annotations

import itertools
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def joined_by_keys(keys: Sequence[Sequence[int]]) -> list[list[int]]:
    """Return positions that share a key, also through others, each position in one list.

    >>> joined_by_keys([(1, 2), (3,), (2, 4), (5, 4)])
    [[0, 2, 3], [1]]
    """
    holders = Counter(itertools.chain.from_iterable(keys))
    shared = {key for key, count in holders.items() if count > 1}
    parent = list(range(len(keys)))

    def root(position: int) -> int:
        while parent[position] != position:
            parent[position] = parent[parent[position]]
            position = parent[position]
        return position

    owner: dict[int, int] = {}
    for position, own in enumerate(keys):
        if shared.isdisjoint(own):
            continue
        for key in own:
            first, second = root(owner.setdefault(key, position)), root(position)
            parent[max(first, second)] = min(first, second)
    groups: dict[int, list[int]] = {}
    for position in range(len(keys)):
        groups.setdefault(root(position), []).append(position)
    return list(groups.values())
