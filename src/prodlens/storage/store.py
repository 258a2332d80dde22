"""`ProdLensStore`: opens and closes the file, and offers the specification's flat method names.

Each method delegates in one line to the module that owns its tables; no SQL text, no computing.
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from prodlens.storage import connection, delivery, frames, migrations, rollups, runs

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import date, datetime
    from types import TracebackType

    import pandas as pd

    from prodlens.schemas import CanonicalTrace


class ProdLensStore:
    """One SQLite file with everything ProdLens knows; a context manager.

    Args:
        path: The database file; it and its folders are created (file mode 0600).
        read_only: Open for reading; nothing is created or migrated.

    Attributes:
        path: The file.
        conn: The `sqlite3.Connection`, in autocommit mode; rows give values by name and index.
        read_only: Whether it was opened for reading only.

    Raises:
        StoreError: The file can't be opened, is damaged, is no ProdLens database, or was written
            by a newer ProdLens.
    """

    def __init__(self, path: str | Path, *, read_only: bool = False) -> None:
        self.path = Path(path).expanduser()
        self.read_only = read_only
        self.conn: sqlite3.Connection = connection.connect(self.path, read_only=read_only)
        try:
            with connection.naming_errors(self.path):
                if read_only:
                    migrations.check_version(self.conn, self.path, must_exist=True)
                else:
                    migrations.migrate(self.conn, self.path)
        except BaseException:
            self.conn.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; closing twice is fine."""
        self.conn.close()

    @contextlib.contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Run a block in one write transaction, naming the file in every error."""
        with connection.naming_errors(self.path), connection.transaction(self.conn) as conn:
            yield conn

    # Calls ---------------------------------------------------------------------------------

    def insert_sessions(self, records: Iterable[CanonicalTrace | Mapping[str, Any]]) -> int:
        """Store calls as they are given; equal records are the same call.

        Args:
            records: `CanonicalTrace`s, or mappings of columns of the table `sessions`
                (`timestamp` as aware datetime or text; naive is UTC).

        Returns:
            Rows added or changed.

        Raises:
            InputError: A record has no readable timestamp, an unknown column or an impossible value.
        """
        from prodlens.storage import traces

        with self.transaction() as conn:
            return traces.insert(conn, records)

    def fetch_sessions(self) -> list[dict[str, Any]]:
        """Return every call as a dict of columns, oldest first."""
        from prodlens.storage import traces

        with connection.naming_errors(self.path):
            return traces.fetch(self.conn)

    def sessions_dataframe(self) -> pd.DataFrame:
        """Return every call as a DataFrame; `timestamp` is `datetime64[us, UTC]`."""
        return frames.sessions(self.conn)

    # Delivery ------------------------------------------------------------------------------

    def insert_pull_requests(self, rows: Iterable[Mapping[str, Any]]) -> int:
        """Store pull requests; see `prodlens.storage.delivery.insert_pull_requests`."""
        with self.transaction() as conn:
            return delivery.insert_pull_requests(conn, rows)

    def fetch_pull_requests(self) -> list[dict[str, Any]]:
        """Return every pull request; `reopened` is True, False or None (not known)."""
        with connection.naming_errors(self.path):
            return delivery.fetch_pull_requests(self.conn)

    def pull_requests_dataframe(self) -> pd.DataFrame:
        """Return every pull request as a DataFrame; times are `datetime64[us, UTC]`."""
        return frames.pull_requests(self.conn)

    def insert_commits(self, rows: Iterable[Mapping[str, Any]]) -> int:
        """Store commits; see `prodlens.storage.delivery.insert_commits`."""
        with self.transaction() as conn:
            return delivery.insert_commits(conn, rows)

    def fetch_commits(self) -> list[dict[str, Any]]:
        """Return every commit as a dict of columns, oldest first."""
        with connection.naming_errors(self.path):
            return delivery.fetch_commits(self.conn)

    def commits_dataframe(self) -> pd.DataFrame:
        """Return every commit as a DataFrame; times are `datetime64[us, UTC]`."""
        return frames.commits(self.conn)

    # Checkpoints, runs, etags --------------------------------------------------------------

    def get_last_checkpoint(self, job: str) -> datetime | None:
        """Return the checkpoint set last for a job, aware UTC; None when there is none."""
        with connection.naming_errors(self.path):
            return runs.last_checkpoint(self.conn, job)

    def set_checkpoint(self, job: str, checkpoint: datetime) -> None:
        """Append a checkpoint of a job; naive is UTC; the last one set wins."""
        with self.transaction() as conn:
            runs.set_checkpoint(conn, job, checkpoint)

    def record_etl_run(self, job: str, row_count: int, details: object = None) -> None:
        """Append a finished run of a job; it sets no checkpoint."""
        with self.transaction() as conn:
            runs.record_run(conn, job, row_count, details)

    def get_etag(self, endpoint: str) -> str | None:
        """Return the validator stored for an endpoint, None when there is none."""
        with connection.naming_errors(self.path):
            return runs.get_etag(self.conn, endpoint)

    def set_etag(self, endpoint: str, value: str | None) -> None:
        """Store a validator; None forgets every variant of the endpoint, so the next sync asks."""
        with self.transaction() as conn:
            runs.set_etag(conn, endpoint, value)

    # Daily tables and cache ----------------------------------------------------------------

    def insert_daily_session_metrics(self, rows: Iterable[Mapping[str, Any]]) -> int:
        """Upsert rows by `event_date`; return how many were given."""
        with self.transaction() as conn:
            return rollups.insert_daily_session_metrics(conn, rows)

    def fetch_daily_session_metrics(self, since: date | str | None = None) -> list[dict[str, Any]]:
        """Return daily rows in order of date, from `since` (inclusive) on."""
        with connection.naming_errors(self.path):
            return rollups.fetch_daily_session_metrics(self.conn, since)

    def insert_daily_github_metrics(self, rows: Iterable[Mapping[str, Any]]) -> int:
        """Upsert rows by `event_date`; return how many were given."""
        with self.transaction() as conn:
            return rollups.insert_daily_github_metrics(conn, rows)

    def fetch_daily_github_metrics(self, since: date | str | None = None) -> list[dict[str, Any]]:
        """Return daily rows in order of date, from `since` (inclusive) on."""
        with connection.naming_errors(self.path):
            return rollups.fetch_daily_github_metrics(self.conn, since)

    def insert_correlation_cache(self, rows: Iterable[Mapping[str, Any]]) -> int:
        """Upsert associations by (`correlation_date`, `lag_days`) and the added key columns."""
        with self.transaction() as conn:
            return rollups.insert_correlation_cache(conn, rows)

    def fetch_correlation_cache(self) -> list[dict[str, Any]]:
        """Return every cached association as a dict of columns."""
        with connection.naming_errors(self.path):
            return rollups.fetch_correlation_cache(self.conn)
