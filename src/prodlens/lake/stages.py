"""What executors run: Arrow batches in, Arrow batches out; each stage is one function of those.

Between stages what records say travels as pickles of our own classes, inside one run of one
cluster. No raw record is among them: only what formats allow.
"""

from __future__ import annotations

import itertools
import pickle
from typing import TYPE_CHECKING, Any, Final

from prodlens import partitions
from prodlens.lake.raw_files import Range
from prodlens.storage.exported import CALLS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    import pyarrow as pa

    from prodlens.lake.normalising import Reading

    Stage = Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]

SAID: Final = "said"
LETTERS: Final = "letters"
ACCOUNT: Final = "account"
RANGES_SCHEMA: Final = "file int, path string, name string, start bigint, end bigint"
READ_SCHEMA: Final = "file int, start bigint, kind string, ties array<bigint>, body binary"
"""What `reading` gives; `ties` is NULL unless the kind is `said`."""
ENTRY_SCHEMA: Final = "slug string, day string, path string, rows bigint, size bigint"
"""What `writing` gives: one row for each file."""
_AT_ONCE: Final = 1000


def reading(how: Reading) -> Stage:
    """Return the stage that reads ranges of raw files (rows of `RANGES_SCHEMA`)."""

    def stage(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for row in batch.to_pylist():
                yield from _packed(_rows_of(Range(**row), how))

    return stage


def deciding(how: Reading) -> Stage:
    """Return the stage that turns whole groups of records into calls."""

    def stage(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        from prodlens.lake.deciding import decide

        bodies = (body for batch in batches for body in batch.column("body").to_pylist())
        first = next(bodies, None)
        if first is None:
            return
        said = map(unpacked, itertools.chain((first,), bodies))
        rows = decide(said, how.price)
        while chunk := list(itertools.islice(rows, _AT_ONCE)):
            yield from partitions.table_of(CALLS, chunk).to_batches()

    return stage


def writing(url: str, folders: dict[str, str]) -> Stage:
    """Return the stage that writes calls, sorted by repository, day and time, as files of a lake.

    Args:
        url: The lake.
        folders: Folder of each repository; '' is unassigned.
    """

    def stage(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        import pyarrow as pa

        place = partitions.place_at(url)
        done = []
        for (slug, day), tables in _by_file(batches):
            name = f"{folders[slug]}/{day}{partitions.SUFFIX}"
            written = partitions.write_tables_at(place, name, CALLS, tables)
            done.append(
                {"slug": slug, "day": day, "path": name, "rows": written.rows, "size": written.size}
            )
        if done:
            yield pa.RecordBatch.from_pylist(done)

    return stage


def unpacked(body: bytes) -> Any:
    """Return what `reading` packed."""
    return pickle.loads(body)  # noqa: S301 - our own values, inside one run


def _rows_of(part: Range, how: Reading) -> Iterator[dict[str, Any]]:
    from prodlens.lake.normalising import RangeReader
    from prodlens.lake.ties import ties_of

    place = {"file": part.file, "start": part.start}
    reader = RangeReader(part, how)
    account = reader.account
    for said in reader:
        yield place | {"kind": SAID, "ties": ties_of(said), "body": pickle.dumps(said)}
        if len(account.letters) >= _AT_ONCE:
            yield _letters(place, account.letters)
    if account.letters:
        yield _letters(place, account.letters)
    yield place | {"kind": ACCOUNT, "ties": None, "body": pickle.dumps(account)}


def _letters(place: dict[str, Any], letters: list[Any]) -> dict[str, Any]:
    body = pickle.dumps(letters)
    letters.clear()
    return place | {"kind": LETTERS, "ties": None, "body": body}


def _packed(rows: Iterator[dict[str, Any]]) -> Iterator[pa.RecordBatch]:
    import pyarrow as pa

    schema = pa.schema(
        [
            ("file", pa.int32()),
            ("start", pa.int64()),
            ("kind", pa.string()),
            ("ties", pa.list_(pa.int64())),
            ("body", pa.binary()),
        ]
    )
    while chunk := list(itertools.islice(rows, _AT_ONCE)):
        yield pa.RecordBatch.from_pylist(chunk, schema)


def _by_file(
    batches: Iterable[pa.RecordBatch],
) -> Iterator[tuple[tuple[str, str], Iterator[pa.Table]]]:
    """Yield repository and day with their calls; the tables of one are to be taken at once."""
    runs = (run for batch in batches for run in _runs(batch))
    for key, found in itertools.groupby(runs, key=lambda run: run[0]):
        yield key, _tables(part for _, part in found)


def _runs(batch: pa.RecordBatch) -> Iterator[tuple[tuple[str, str], pa.RecordBatch]]:
    """Cut a batch where repository or day changes."""
    slugs, days = batch.column("repo_slug").to_pylist(), batch.column("event_date").to_pylist()
    at = 0
    keys = ((slug or "", day) for slug, day in zip(slugs, days, strict=True))
    for key, same in itertools.groupby(keys):
        size = sum(1 for _ in same)
        yield key, batch.slice(at, size)
        at += size


def _tables(parts: Iterator[pa.RecordBatch]) -> Iterator[pa.Table]:
    """Yield rows in tables of as many rows as a row group has, in the types of the files."""
    schema = partitions.table_of(CALLS, []).schema
    names = [name for name, _ in CALLS]
    waiting: list[pa.RecordBatch] = []
    count = 0
    for found in parts:
        part = found.select(names)
        while count + part.num_rows >= partitions.ROWS_AT_ONCE:
            room = partitions.ROWS_AT_ONCE - count
            yield _joined([*waiting, part.slice(0, room)], schema)
            part, waiting, count = part.slice(room), [], 0
        if part.num_rows:
            waiting.append(part)
            count += part.num_rows
    if waiting:
        yield _joined(waiting, schema)


def _joined(parts: list[pa.RecordBatch], schema: pa.Schema) -> pa.Table:
    import pyarrow as pa

    return pa.Table.from_batches(parts).cast(schema).combine_chunks()
