"""Owns which variation a unit gets: by hash for large populations, by blocks for small ones.

The same input gives the same assignment in every process and on every machine. Must not touch
storage, exposure or results. Plain Python, no numpy.
"""

from __future__ import annotations

import hashlib
import math
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

BLOCKED_BELOW_UNITS: Final = 50
"""Below this, hashing often splits badly (70/30 or worse in 12 % of cohorts of 20): use blocks."""
_FNV_OFFSET: Final = 0x811C9DC5
_FNV_PRIME: Final = 0x01000193
_HASH_STEPS: Final = 10_000
_NAMESPACE_STEPS: Final = 1_000

Ranges = list[tuple[float, float]]


def hash_v2(seed: str, value: str) -> float:
    """Return where a unit falls on [0, 1), in steps of 0.0001.

    FNV-1a (32 bit) of seed and value, the decimal digits of it hashed again, modulo 10,000.

    Args:
        seed: Usually the experiment's key.
        value: The unit's id.

    Returns:
        At least 0, below 1.

    Source: GrowthBook's hash version 2 (specification version 0.8.0 of its SDK test cases).

    >>> hash_v2("seed", "a")
    0.0505
    """
    return _fnv1a(str(_fnv1a(seed + value))) % _HASH_STEPS / _HASH_STEPS


def bucket_ranges(
    num_variations: int, coverage: float = 1.0, weights: Sequence[float] | None = None
) -> Ranges:
    """Return the half-open range of hash values of each variation.

    Follows GrowthBook, so that both place a unit alike: a coverage outside 0..1 is moved to the
    nearer end, and weights of the wrong number, or not adding up to about 1, are replaced by equal
    ones. Validate a definition before it gets here.

    Args:
        num_variations: How many, control included.
        coverage: Share of units that take part.
        weights: Share of each variation; None for equal ones.

    Returns:
        One ``(low, high)`` per variation, none for no variation.

    Source: GrowthBook SDK test cases, getBucketRange.

    >>> bucket_ranges(2, 0.5)
    [(0.0, 0.25), (0.5, 0.75)]
    """
    if num_variations <= 0:
        return []
    shares = list(weights) if weights is not None else []
    if len(shares) != num_variations or not 0.99 <= sum(shares) <= 1.01:
        shares = [1.0 / num_variations] * num_variations
    taken = min(1.0, max(0.0, coverage))
    ranges, start = [], 0.0
    for share in shares:
        ranges.append((start, start + taken * share))
        start += share
    return ranges


def choose_variation(n: float, ranges: Sequence[Sequence[float]]) -> int:
    """Return the first variation whose range holds a hash value, -1 for none.

    Args:
        n: From ``hash_v2``.
        ranges: From ``bucket_ranges``: low inclusive, high exclusive.

    Returns:
        Position of the variation, or -1 for a unit that takes no part.

    >>> choose_variation(0.6, [(0.0, 0.5), (0.5, 1.0)])
    1
    """
    for place, (low, high) in enumerate(ranges):
        if low <= n < high:
            return place
    return -1


def in_namespace(unit_id: str, namespace: str, start: float, end: float) -> bool:
    """Return whether a unit belongs to a slice of a namespace.

    Experiments that hold disjoint slices of one namespace never share a unit.

    Args:
        unit_id: The unit's id.
        namespace: Its name.
        start: Of the slice, inclusive, 0..1.
        end: Of the slice, exclusive.

    Returns:
        True inside the slice.

    Source: GrowthBook's inNamespace, which uses its hash version 1.

    >>> in_namespace("a", "checkout", 0.0, 1.0)
    True
    """
    position = _fnv1a(f"{unit_id}__{namespace}") % _NAMESPACE_STEPS / _NAMESPACE_STEPS
    return start <= position < end


def blocked_assignment(
    baseline: Mapping[str, float | None], *, seed: str, variations: int = 2
) -> dict[str, int]:
    """Return a variation for each unit, balanced on a metric of the pre-period.

    Units are sorted by the metric and cut into blocks of one unit per variation (matched pairs
    for two); chance, fixed by the seed, decides within each block. Units without a known metric
    come last, in an order given by the seed. Arm sizes differ by one at most.

    Args:
        baseline: Unit id -> metric in the pre-period, None when unknown; the order of the mapping
            does not matter.
        seed: Usually the experiment's key.
        variations: How many, control (0) included.

    Returns:
        Unit id -> 0..variations - 1, for every unit.

    Raises:
        ValueError: There are fewer than two variations or a metric is not finite.

    >>> sorted(blocked_assignment({"a": 1, "b": 2, "c": 8, "d": 9}, seed="s").values())
    [0, 0, 1, 1]
    """
    if variations < 2:
        raise ValueError(f"an experiment needs at least two variations, got {variations}")
    if any(value is not None and not math.isfinite(value) for value in baseline.values()):
        raise ValueError("a baseline metric must be finite; use None where it is unknown")
    known = {unit: value for unit, value in baseline.items() if value is not None}
    ordered = sorted(known, key=lambda unit: (-known[unit], _draw(seed, unit)))
    ordered += sorted(baseline.keys() - known.keys(), key=lambda unit: _draw(seed, unit))
    assigned: dict[str, int] = {}
    for first in range(0, len(ordered), variations):
        block = ordered[first : first + variations]
        deal = sorted(range(variations), key=lambda arm: _draw(seed, *sorted(block), str(arm)))
        assigned.update(zip(block, deal, strict=False))
    return assigned


def _fnv1a(text: str) -> int:
    """Return the 32-bit FNV-1a hash over UTF-16 code units, as JavaScript strings have them.

    Source: Fowler, Noll & Vo, draft-eastlake-fnv.
    """
    value = _FNV_OFFSET
    encoded = text.encode("utf-16-le", "surrogatepass")
    for place in range(0, len(encoded), 2):
        unit = encoded[place] | encoded[place + 1] << 8
        value = ((value ^ unit) * _FNV_PRIME) & 0xFFFFFFFF
    return value


def _draw(*parts: str) -> bytes:
    """Return bytes that decide an order: random-looking, fixed by the parts."""
    joined = "".join(f"{len(part)}:{part}" for part in parts)
    return hashlib.sha256(joined.encode("utf-8", "surrogatepass")).digest()
