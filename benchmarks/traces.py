"""Lines of a trace file as a team's proxy writes them, bad lines and repeated ones included.

    python benchmarks/traces.py small 1000000 calls.jsonl
    python benchmarks/traces.py large 100000 calls.jsonl

Same arguments, same bytes; a million lines are never held. Of a thousand lines one is malformed,
of one of seven kinds in turn, and five repeat a line shortly before, byte for byte.
"""

from __future__ import annotations

import argparse
import json
import random
from collections import deque
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Final

import bodies
import shapes
import team

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BAD_EVERY: Final = 1000
REPEATED_EVERY: Final = 200
SIZES: Final = ("small", "large")
_RECENT: Final = 400
"""Lines among which a repeated one is drawn."""
_LARGE_WITH_BODIES: Final = 0.97
"""Share of large records with bodies; the rest are failures, without an answer."""


def malformed(kind: int, line: bytes) -> bytes:
    """Return a line that can't be read as a call.

    Args:
        kind: Number of `BAD`, taken modulo their count.
        line: A good line of ProdLens' own shape, newline included.
    """
    return BAD[kind % len(BAD)](line)


def _replaced(line: bytes, **values: object) -> bytes:
    record = json.loads(line) | values
    return _encoded({name: value for name, value in record.items() if value is not ...})


BAD: Final[tuple[Callable[[bytes], bytes], ...]] = (
    lambda line: line[: len(line) // 2] + b"\n",  # truncated
    lambda _: b"Traceback (most recent call last): connection reset by peer\n",  # not JSON
    lambda line: line.replace(b'"dev-', b'"\xff\xfe-', 1),  # no UTF-8
    lambda line: _replaced(line, usage={"input_tokens": -5, "output_tokens": 7}),
    lambda line: _replaced(line, timestamp=...),
    lambda _: b'"a text where an object should stand"\n',
    lambda line: _replaced(line, usage={"input_tokens": 10**30, "output_tokens": 7}),
)


def lines(
    size: str,
    count: int,
    *,
    seed: int = 7,
    start: datetime = team.START,
    days: int = team.DAYS,
) -> Iterator[bytes]:
    """Yield exactly `count` lines, newline included.

    Args:
        size: `small` (ten shapes, about 650 bytes) or `large` (with bodies, about 6.5 KB).
        count: How many, bad and repeated ones included.
        seed: Decides everything.
        start: First instant, UTC.
        days: Days they spread over.
    """
    dice = random.Random(seed + 1)
    choose = _small if size == "small" else _large
    recent: deque[bytes] = deque(maxlen=_RECENT)
    for call in team.invent(count, seed=seed, start=start, days=days):
        if call.number % BAD_EVERY == BAD_EVERY // 2:
            yield malformed(call.number // BAD_EVERY, _encoded(shapes.guide(call)))
        elif call.number % REPEATED_EVERY == REPEATED_EVERY - 1:
            yield dice.choice(recent)
        else:
            line = _encoded(choose(dice)(call))
            recent.append(line)
            yield line


_MADE, _WEIGHTS = zip(*shapes.SHAPES, strict=True)


def _small(dice: random.Random) -> Callable[[team.Call], dict[str, object]]:
    chosen: Callable[[team.Call], dict[str, object]] = dice.choices(_MADE, _WEIGHTS)[0]
    return chosen


def _large(dice: random.Random) -> Callable[[team.Call], dict[str, object]]:
    return bodies.large if dice.random() < _LARGE_WITH_BODIES else shapes.payload_failure


def _encoded(record: object) -> bytes:
    return json.dumps(record, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"


def expected(count: int) -> tuple[int, int]:
    """Return how many of `count` lines are calls of their own, and how many are malformed."""
    bad = len(range(BAD_EVERY // 2, count, BAD_EVERY))
    return count - bad - len(range(REPEATED_EVERY - 1, count, REPEATED_EVERY)), bad


def main() -> None:
    parser = argparse.ArgumentParser(description="Write a trace file of invented calls.")
    parser.add_argument("size", choices=SIZES)
    parser.add_argument("count", type=int)
    parser.add_argument("path", type=Path)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--days", type=int, default=team.DAYS)
    parser.add_argument("--start", type=date.fromisoformat, default=team.START.date())
    given = parser.parse_args()
    start = datetime.combine(given.start, time(), UTC)
    partial = given.path.with_suffix(".partial")
    with partial.open("wb") as stream:
        stream.writelines(
            lines(given.size, given.count, seed=given.seed, start=start, days=given.days)
        )
    partial.replace(given.path)
    print(f"{given.path}: {given.count:,} lines, {given.path.stat().st_size / 1e6:,.0f} MB")


if __name__ == "__main__":
    main()
