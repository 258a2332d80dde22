"""The rollups of a lake, computed by an engine and written back as `_aggregates`.

Decides which files are read and what of the older tables stays; holds no statement and starts no
engine.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any

from prodlens import partitions
from prodlens.clock import format_instant, utc_now
from prodlens.errors import InputError
from prodlens.lake.rollup_sql import COLUMNS, ROLLUPS
from prodlens.partitions.manifest import CALLS, Entry, Manifest
from prodlens.schemas import nanos_to_usd

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import date

    from prodlens.lake.engines import Engine
    from prodlens.lake.rollup_sql import Rollup
    from prodlens.partitions import Place

    Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Days:
    """A range of UTC days.

    Attributes:
        first: First day; None is from the beginning.
        after: Day behind the last one; None is to the end.
    """

    first: date | None = None
    after: date | None = None

    def __contains__(self, day: str) -> bool:
        """Return whether a day, `YYYY-MM-DD`, is one of them."""
        if self.first is not None and day < self.first.isoformat():
            return False
        return self.after is None or day < self.after.isoformat()


def aggregate(place: Place, engine: Engine, days: Days) -> dict[str, int]:
    """Compute every rollup of some days, and put it in place of what was known of them.

    Rows of other days stay as they are. Tables are replaced whole, the manifest last. Files whose
    rows would be the same are left alone.

    Args:
        place: The lake; its manifest says which files there are.
        engine: What computes.
        days: The days.

    Returns:
        Rows that each table has now, by name.

    Raises:
        InputError: There is no lake, or the engine can't read it.
        OSError: A table can't be written; those written before are whole.
    """
    _files(place, Manifest.load(place), days)  # no lake, no folder with a lock in it
    with place.locked():
        place.sweep()
        manifest = Manifest.load(place)
        names = _files(place, manifest, days)
        if names:
            engine.calls(place, names, COLUMNS)
        counts = {}
        for rollup in ROLLUPS.values():
            found = engine.rows(rollup.statement) if names else iter(())
            counts[rollup.name] = _replace(place, manifest, rollup, days, found)
        manifest.save(place)
    return counts


def _files(place: Place, manifest: Manifest, days: Days) -> list[str]:
    calls = [entry for entry in manifest.files.values() if entry.kind == CALLS]
    if not calls:
        raise InputError(
            f"{place.url} holds no lake: write one with prod-lens export parquet --out, or with "
            "prod-lens lake ingest."
        )
    return sorted(entry.path for entry in calls if entry.first_day in days)


def _replace(
    place: Place, manifest: Manifest, rollup: Rollup, days: Days, found: Iterator[Row]
) -> int:
    """Write one table: its new rows between the older ones before and behind; return its rows."""
    name = f"{partitions.AGGREGATES}/{rollup.name}{partitions.SUFFIX}"
    first, after = (None if day is None else day.isoformat() for day in (days.first, days.after))
    span = _Span(
        chain(
            _older(place, name, rollup, lambda day: first is not None and day < first),
            _completed(place, name, rollup, found),
            _older(place, name, rollup, lambda day: after is not None and day >= after),
        )
    )
    written = partitions.write_at(place, name, rollup.fields, span)
    manifest.files[name] = Entry(
        path=name,
        kind=rollup.name,
        repo_slug=None,
        first_day=span.first,
        last_day=span.last,
        rows=written.rows,
        size=written.size,
    )
    return written.rows


class _Span:
    """Hands rows on and notes the first and the last day; both are '' when there was no row."""

    def __init__(self, rows: Iterator[Row]) -> None:
        self._rows = rows
        self.first = self.last = ""

    def __iter__(self) -> Iterator[Row]:
        for row in self._rows:
            self.first = self.first or row[0]
            self.last = row[0]
            yield row


def _older(place: Place, name: str, rollup: Rollup, wanted: Callable[[str], bool]) -> Iterator[Row]:
    """Yield rows of the table as it stands, of the days that are wanted; none without a table."""
    if place.size(name) is not None:
        yield from (row for row in partitions.rows_at(place, name, rollup.fields) if wanted(row[0]))


def _completed(place: Place, name: str, rollup: Rollup, found: Iterator[Row]) -> Iterator[Row]:
    """Yield computed rows with the columns that no engine computes."""
    if not rollup.added:
        return found
    return _with_costs(rollup, found, partitions.read_at(place, name, rollup.fields))


def _with_costs(rollup: Rollup, found: Iterator[Row], older: Sequence[Row]) -> Iterator[Row]:
    """Yield days with their cost in dollars; a day that says the same keeps its `created_at`."""
    names = [name for name, _ in rollup.fields]
    computed = [name for name, _ in rollup.computed]
    known = {row[0]: row for row in older}
    now = format_instant(utc_now())
    for row in found:
        values = dict(zip(computed, row, strict=True))
        nanos = values["cost_nanos"]
        values |= {
            "developer_id": None,
            "cost_usd": None if nanos is None else nanos_to_usd(nanos),
            "created_at": now,
        }
        new = tuple(values[name] for name in names)
        old = known.get(row[0])
        at = names.index("created_at")
        yield old if old is not None and old[:at] == new[:at] and old[at] else new
