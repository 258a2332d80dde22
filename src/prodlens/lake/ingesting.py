"""Raw trace files -> the calls of a lake, on a Spark cluster: plans, collects, and tells the outcome.

The work is done by `prodlens.lake.stages`; here stands in which order, and what becomes of files
that were there before. The manifest is written last.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from prodlens import partitions
from prodlens.errors import InputError
from prodlens.lake import stages
from prodlens.lake.dead_letters import write_letters
from prodlens.lake.grouping import grouped
from prodlens.lake.raw_files import RANGE_BYTES, Range, ranges
from prodlens.lake.spark_engine import said, schema_of
from prodlens.partitions.manifest import CALLS, LAKE, Entry, Manifest
from prodlens.storage.exported import CALLS as CALL_FIELDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pyspark.sql import DataFrame, SparkSession

    from prodlens.lake.aggregating import Days
    from prodlens.lake.normalising import Account, Reading
    from prodlens.lake.raw_files import RawFile
    from prodlens.partitions import Place
    from prodlens.storage.ledger import DeadLetter

_NAMED: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is to be done.

    Attributes:
        files: Every raw file with records of the days that are written.
        how: How records are read.
        days: Days that are written; calls of others are left out.
        replace: Whether files may lose calls that they have now.
        range_bytes: About how much one task reads.
    """

    files: Sequence[RawFile]
    how: Reading
    days: Days
    replace: bool = False
    range_bytes: int = RANGE_BYTES


@dataclass(slots=True)
class Outcome:
    """What came of it.

    Attributes:
        calls: Calls in the files that were written.
        files: Those files.
        records: Objects that were read.
        set_aside: Records set aside, by reason.
        skipped: Records that hold no call, by kind.
        formats: Records of calls, by source.
        unpriced: Models of calls with tokens but without a cost.
    """

    calls: int = 0
    files: int = 0
    records: int = 0
    set_aside: Counter[str] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)
    formats: Counter[str] = field(default_factory=Counter)
    unpriced: set[str] = field(default_factory=set)


def ingest(place: Place, spark: SparkSession, plan: Plan) -> Outcome:
    """Read raw files on the executors, and write the calls they describe.

    The calls are those that a store has after ingesting the same files, and the lake's files are
    those that it exports. A file of a repository and day is replaced whole; one of the plan's days
    that has no calls any more goes away.

    Args:
        place: The lake; executors must reach it under the same address.
        spark: The session.
        plan: What is to be done.

    Raises:
        InputError: The lake is that of a database, or files would lose calls, and `plan.replace`
            is not set; or Spark failed.
        OSError: A file can't be written; those written before are whole.
    """
    outcome = Outcome()
    with place.locked(), said():
        place.sweep()
        manifest = Manifest.load(place)
        if manifest.made_for not in {None, LAKE} and not plan.replace:
            raise InputError(
                f"{place.url} is kept in step with a database: name another place, or add "
                "--replace."
            )
        read, accounts = _read(spark, plan)
        letters = _letters(read, accounts)
        calls = _decided(read, plan)
        counts = _counted(calls, plan.days)
        _refuse_losses(manifest, plan, counts)
        fresh = _write(place, manifest, calls, counts)
        gone = _stale(manifest, plan.days, {entry.path for entry in fresh})
        manifest.belongs_to(LAKE)
        manifest.files |= {entry.path: entry for entry in fresh}
        names = [file.name for file in plan.files]
        outcome.set_aside = write_letters(place, manifest, letters, names, now=plan.how.now)
        manifest.save(place)
        for name in gone:
            place.remove(name)
        spark.catalog.clearCache()
    outcome.calls, outcome.files = sum(counts.values()), len(fresh)
    for account in accounts:
        outcome.records += account.records
        outcome.skipped += account.skipped
        outcome.formats += account.formats
        outcome.unpriced |= account.unpriced
    return outcome


def _read(spark: SparkSession, plan: Plan) -> tuple[DataFrame, list[Account]]:
    """Read every range; files that don't read the same in parts are read again, whole."""
    parts = ranges(plan.files, size=plan.range_bytes)
    read = _stage_one(spark, parts, plan)
    accounts = _accounts(read)
    again = sorted({account.part.file for account in accounts if not account.exact})
    if not again:
        return read, accounts
    files = [plan.files[at] for at in again]
    whole = [Range(at, file.path, file.name, 0, -1) for at, file in zip(again, files, strict=True)]
    second = _stage_one(spark, whole, plan)
    kept = [account for account in accounts if account.part.file not in again]
    return read.where(~read["file"].isin(again)).union(second), [*kept, *_accounts(second)]


def _stage_one(spark: SparkSession, parts: Sequence[Range], plan: Plan) -> DataFrame:
    from pyspark import StorageLevel

    rows = [dataclasses.astuple(part) for part in parts]
    tasks = spark.sparkContext.parallelize(rows, max(1, len(rows)))
    listed = spark.createDataFrame(tasks, stages.RANGES_SCHEMA)
    read = listed.mapInArrow(stages.reading(plan.how), stages.READ_SCHEMA)
    return read.persist(StorageLevel.MEMORY_AND_DISK)


def _accounts(read: DataFrame) -> list[Account]:
    rows = read.where(read["kind"] == stages.ACCOUNT).select("body").collect()
    return [stages.unpacked(bytes(row[0])) for row in rows]


def _letters(read: DataFrame, accounts: Iterable[Account]) -> Iterator[DeadLetter]:
    """Yield what was set aside, with lines that count from the beginning of the file."""
    lines: dict[tuple[int, int], int] = {}
    so_far: dict[int, int] = {}
    for account in sorted(accounts, key=lambda account: account.part.start):
        part = account.part
        lines[part.file, part.start] = so_far.get(part.file, 0)
        so_far[part.file] = so_far.get(part.file, 0) + account.lines
    rows = read.where(read["kind"] == stages.LETTERS).select("file", "start", "body")
    # One partition at a time comes here, and each is a job of its own: few of them.
    few = read.sparkSession.sparkContext.defaultParallelism
    for file, start, body in rows.coalesce(few).toLocalIterator():
        for letter in stages.unpacked(bytes(body)):
            yield dataclasses.replace(letter, line=letter.line + lines[file, start])


def _decided(read: DataFrame, plan: Plan) -> DataFrame:
    from pyspark import StorageLevel

    groups = grouped(read.where(read["kind"] == stages.SAID).select("ties", "body"))
    calls = (
        groups.repartition("label")
        .select("body")
        .mapInArrow(stages.deciding(plan.how), schema_of(CALL_FIELDS))
    )
    return calls.persist(StorageLevel.DISK_ONLY)


def _counted(calls: DataFrame, days: Days) -> dict[tuple[str, str], int]:
    """Return the calls of each repository ('' is unassigned) and day."""
    from pyspark.sql import functions as f

    slug = f.coalesce("repo_slug", f.lit("")).alias("slug")
    rows = calls.groupBy(slug, "event_date").count().collect()
    return {(row[0], row[1]): row[2] for row in sorted(rows) if row[1] in days}


def _refuse_losses(manifest: Manifest, plan: Plan, counts: dict[tuple[str, str], int]) -> None:
    less = [
        f"{entry.path} ({entry.rows:,} now)"
        for entry in manifest.files.values()
        if entry.kind == CALLS
        and entry.first_day in plan.days
        and counts.get((entry.repo_slug or "", entry.first_day), 0) < entry.rows
    ]
    if less and not plan.replace:
        raise InputError(
            f"{len(less):,} files would lose calls: {', '.join(sorted(less)[:_NAMED])}. Name every "
            "raw file of those days, narrow the days with --since and --until, or add --replace."
        )


def _write(
    place: Place, manifest: Manifest, calls: DataFrame, counts: dict[tuple[str, str], int]
) -> list[Entry]:
    from pyspark.sql import functions as f

    folders = _folders(manifest, {slug for slug, _ in counts})
    days = sorted({day for _, day in counts})
    chosen = calls.withColumn("slug", f.coalesce("repo_slug", f.lit("")))
    rows = (
        chosen.where(chosen["event_date"].isin(days))
        .repartition("slug", "event_date")
        .sortWithinPartitions("slug", "event_date", "timestamp", "trace_hash")
        .mapInArrow(stages.writing(_anywhere(place), folders), stages.ENTRY_SCHEMA)
        .collect()
    )
    return [
        Entry(
            path=row["path"],
            kind=CALLS,
            repo_slug=row["slug"] or None,
            first_day=row["day"],
            last_day=row["day"],
            rows=row["rows"],
            size=row["size"],
        )
        for row in rows
    ]


def _anywhere(place: Place) -> str:
    """Return the lake's address as executors need it: they run in folders of their own."""
    return str(place.root.resolve()) if isinstance(place, partitions.Folder) else place.url


def _folders(manifest: Manifest, slugs: set[str]) -> dict[str, str]:
    """Return the folder of each repository; one that has a folder keeps it."""
    entries: list[Any] = sorted(manifest.files.values(), key=lambda entry: entry.path)
    folders = {entry.repo_slug or "": entry.folder for entry in entries if entry.kind == CALLS}
    for slug in sorted(slugs):
        if slug not in folders:
            folders[slug] = partitions.folder_name(slug, folders.values())
    return folders


def _stale(manifest: Manifest, days: Days, fresh: set[str]) -> list[str]:
    """Forget files of the days that have no calls any more; return them."""
    gone = [
        entry.path
        for entry in manifest.files.values()
        if entry.kind == CALLS and entry.first_day in days and entry.path not in fresh
    ]
    for name in gone:
        del manifest.files[name]
    return gone
