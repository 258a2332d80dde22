"""`ParquetExporter`: calls and daily tables as Parquet files that say what the store says.

Decides which files are due; knows no source, no SQL and no Parquet types (those are
`prodlens.storage` and `prodlens.partitions`). It exports what stands: it computes no rollup.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, Final

from prodlens import partitions
from prodlens.clock import parse_day, parse_instant, utc_day
from prodlens.errors import InputError
from prodlens.partitions.manifest import CALLS, LAKE, Entry, Manifest
from prodlens.selection import parse_repository
from prodlens.storage import connection, exported, lake_map

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date
    from pathlib import Path

    from prodlens.storage import ProdLensStore
    from prodlens.storage.exported import Fields
    from prodlens.storage.lake_map import DayOfCalls

_DAY_CHARACTERS: Final = 10


@dataclass(frozen=True, slots=True)
class _Scope:
    """What one run covers.

    Attributes:
        since: First UTC day, `YYYY-MM-DD`; None is from the beginning.
        names: Repository names in lower case; None is every repository.
    """

    since: str | None
    names: set[str] | None

    def covers(self, slug: str | None, day: str) -> bool:
        """Return whether a repository and day are part of the run."""
        if self.since is not None and day < self.since:
            return False
        return self.names is None or (slug or "").lower() in self.names


class ParquetExporter:
    """Keeps a folder of Parquet files, or a prefix of an object store, in step with a store.

    One file holds one repository's calls of one UTC day; `_aggregates` holds the daily tables;
    `_manifest.json` lists them. Files are replaced whole, only when they would say something else,
    and by one process at a time (an object store has no lock: there the last one stands, file by file).
    The manifest is written last. A killed run leaves whole files; the next one ends its work.

    Args:
        dir: The folder, created by the first export; or a URL: `file:///folder`,
            `s3://bucket/prefix`, `gs://bucket/prefix`.

    Raises:
        InputError: Nothing can be written to URLs of that kind, or the library that speaks to
            them is not installed.
    """

    def __init__(self, dir: str | Path = ".prod-lens/parquet") -> None:  # noqa: A002 - the specification's name
        self._place = partitions.place_at(dir)

    def export_sessions_by_date(
        self,
        store: ProdLensStore,
        since: date | str | None = None,
        repo_filter: str | None = None,
    ) -> int:
        """Bring the files of calls up to date with the store.

        The store is read as of one moment, day by day; others may write to it meanwhile. Files of
        days and repositories that have no calls any more go away. The first export adds a table
        and two triggers to the store, which note calls that change in place; a store opened for
        reading only has every file of it compared instead.

        Args:
            store: The store.
            since: First UTC day, inclusive: a date, a datetime (its UTC day), or text of either.
                Files of earlier days are left as they are. None is every day.
            repo_filter: `owner/name`, also an old one; files of others are left as they are.

        Returns:
            Calls in the files that the run covers, whether or not they had to be written; 0 when
            the repository is unknown.

        Raises:
            InputError: `since` is no day, `repo_filter` is no repository, a stored value does not
                fit its column, or the place is that of `prod-lens lake ingest`.
            StoreError: The store can't be read, or tracking can't be set up.
            OSError: A file can't be written; those written before are whole.
        """
        first = _first_day(since)
        slug = None if repo_filter is None else parse_repository(repo_filter)
        with self._place.locked():
            self._place.sweep()
            with connection.naming_errors(store.path):
                folders = _folders(store)
                names = None if slug is None else lake_map.names_of(store.conn, slug)
            scope = _Scope(first, names)
            return self._export_calls(store, scope, folders)

    def export_aggregates_by_date(
        self, store: ProdLensStore, since: date | str | None = None
    ) -> int:
        """Bring the files of the daily tables up to date with the tables as they stand.

        Run `DailyAggregator.write_aggregates` before, so that the tables are up to date.

        Args:
            store: The store.
            since: First UTC day, inclusive, as in `export_sessions_by_date`. Rows of earlier days
                stay in the files as they are; later ones are replaced. None replaces all.

        Returns:
            Rows of both tables from `since` on.

        Raises:
            InputError: `since` is no day, or the place is that of `prod-lens lake ingest`.
            StoreError: The store can't be read.
            OSError: A file can't be written.
        """
        first = _first_day(since)
        with self._place.locked():
            self._place.sweep()
            tables: tuple[tuple[str, Fields, list[dict[str, Any]]], ...] = (
                (
                    "daily_sessions",
                    exported.DAILY_SESSIONS,
                    store.fetch_daily_session_metrics(first),
                ),
                ("daily_github", exported.DAILY_GITHUB, store.fetch_daily_github_metrics(first)),
            )
            manifest = self._manifest()
            for name, fields, found in tables:
                rows = [tuple(row[column] for column, _ in fields) for row in found]
                self._replace_daily(manifest, name, fields, rows, since=first)
            manifest.save(self._place)
        return sum(len(found) for _, _, found in tables)

    def list_partitions(self) -> list[Path]:
        """Return every Parquet file of the folder, the daily tables included, sorted.

        Empty when nothing was exported yet.

        Raises:
            InputError: The destination is an object store, whose files have no paths: see
                `list_files`.
        """
        if not isinstance(self._place, partitions.Folder):
            raise InputError(f"{self._place.url} is no folder: ask for list_files().")
        return partitions.all_files(self._place.root)

    def list_files(self) -> list[str]:
        """Return the path or URL of every Parquet file, the daily tables included, sorted.

        Raises:
            InputError: The object store can't be reached.
        """
        return [self._place.address(name) for name in self._place.files()]

    def _export_calls(self, store: ProdLensStore, scope: _Scope, folders: dict[str, str]) -> int:
        manifest = self._manifest()
        with lake_map.snapshot(store.conn):
            with connection.naming_errors(store.path):
                manifest.belongs_to(_made_for(lake_map.store_token(store.conn)))
                found = lake_map.days_of_calls(store.conn, scope.since)
            # A repository whose first call came in a moment ago has no folder yet: next time.
            due = [
                day
                for day in found
                if day.repo_slug in folders and scope.covers(day.repo_slug, day.event_date)
            ]
            fresh = [self._in_step(store, manifest, day, folders[day.repo_slug]) for day in due]
        gone = self._stale(manifest, scope, folders, {entry.path for entry in fresh})
        manifest.files |= {entry.path: entry for entry in fresh}
        manifest.save(self._place)
        for name in gone:
            self._place.remove(name)
        return sum(entry.rows for entry in fresh)

    def _manifest(self) -> Manifest:
        """Return the manifest; files that no database stands behind are not to be lost."""
        manifest = Manifest.load(self._place)
        if manifest.made_for == LAKE:
            raise InputError(
                f"{self._place.url} holds calls that prod-lens lake ingest has written: name "
                "another place."
            )
        return manifest

    def _in_step(
        self, store: ProdLensStore, manifest: Manifest, day: DayOfCalls, folder: str
    ) -> Entry:
        """Return the entry of a repository and day, writing its file when it may have changed."""
        path = partitions.partition_path(PurePosixPath(), folder, day.event_date)
        name = path.as_posix()
        known = manifest.files.get(name)
        if (
            known
            and known.seen is not None
            and known.seen == day.seen
            and self._place.size(name) == known.size
        ):
            return known
        rows = _named(store, exported.calls_of_day(store.conn, day.repo_slug, day.event_date))
        written = partitions.write_at(self._place, name, exported.CALLS, rows)
        return Entry(
            path=name,
            kind=CALLS,
            repo_slug=day.repo_slug or None,
            first_day=day.event_date,
            last_day=day.event_date,
            rows=written.rows,
            size=written.size,
            seen=day.seen,
        )

    def _stale(
        self, manifest: Manifest, scope: _Scope, folders: dict[str, str], fresh: set[str]
    ) -> list[str]:
        """Forget files of the scope whose calls are gone; return those to remove.

        Files that no manifest knows are among them; they are removed only when the manifest says
        so, for whoever reads by it.
        """
        gone = set()
        for entry in list(manifest.files.values()):
            if entry.kind == CALLS and scope.covers(entry.repo_slug, entry.first_day):
                del manifest.files[entry.path]
                gone.add(entry.path)
        slugs = {folder: slug for slug, folder in folders.items()}
        for name in self._place.files():
            folder, _, file = name.partition("/")
            known = folder not in slugs or name in fresh or name in gone
            if not known and scope.covers(slugs[folder], file.removesuffix(partitions.SUFFIX)):
                gone |= {name} if partitions.is_ours_at(self._place, name) else set()
        return sorted(gone - fresh)

    def _replace_daily(
        self,
        manifest: Manifest,
        name: str,
        fields: Fields,
        rows: list[tuple[Any, ...]],
        *,
        since: str | None,
    ) -> None:
        """Write a daily table's file: its rows before `since` as they are, then the given ones."""
        key = f"{partitions.AGGREGATES}/{name}{partitions.SUFFIX}"
        earlier = [] if since is None else partitions.read_at(self._place, key, fields)
        whole = [row for row in earlier if row[0] < since] + rows
        manifest.files.pop(key, None)
        if not whole:
            if partitions.is_ours_at(self._place, key):
                self._place.remove(key)
            return
        written = partitions.write_at(self._place, key, fields, whole)
        manifest.files[key] = Entry(
            path=key,
            kind=name,
            repo_slug=None,
            first_day=whole[0][0],
            last_day=whole[-1][0],
            rows=written.rows,
            size=written.size,
        )


def _folders(store: ProdLensStore) -> dict[str, str]:
    """Return slug -> folder of every repository with calls, and begin to note changes."""
    conn = store.conn
    known, slugs = lake_map.folders(conn), lake_map.slugs(conn)
    if store.read_only:
        return lake_map.with_new(known, slugs, partitions.folder_name)
    if lake_map.is_tracked(conn) and known.keys() >= set(slugs):
        return known
    with store.transaction():
        lake_map.track(conn)
        return lake_map.assign(conn, partitions.folder_name)


def _named(store: ProdLensStore, rows: Iterable[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
    """Yield rows; what SQLite raises meanwhile names the database, what a writer raises does not."""
    with connection.naming_errors(store.path):
        yield from rows


def _made_for(store_token: str | None) -> str | None:
    """Return what the files are made for: this store, with these columns."""
    if store_token is None:
        return None
    columns = hashlib.sha256(repr(exported.CALLS).encode()).hexdigest()[:16]
    return f"{store_token}.{columns}"


def _first_day(since: date | str | None) -> str | None:
    if since is None:
        return None
    if isinstance(since, str) and len(since.strip()) > _DAY_CHARACTERS:
        moment = parse_instant(since)
        if moment is None:
            raise InputError(f"{since!r} is no day: write it as YYYY-MM-DD.")
        return utc_day(moment[0]).isoformat()
    return parse_day(since).isoformat()
