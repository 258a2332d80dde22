"""Walks the list of pull requests: newest change first, down to where the last walk had come.

Every page is one transaction. The watermark and the validator of the first page are written in the
same transaction as, and after, the last row: a walk that dies moves neither.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from prodlens.clock import format_instant
from prodlens.errors import RetryLaterError
from prodlens.github_etl.run import back, shrinking
from prodlens.sources.github.addresses import page_number
from prodlens.sources.github.caching import endpoint_key
from prodlens.sources.github.decisions import LONG_AGO, server_time
from prodlens.sources.github.payloads import read_pull_requests
from prodlens.storage import github_repositories, github_sync, history, runs
from prodlens.storage.github_sync import EVENTS, PULLS

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

    from prodlens.github_etl.run import Run
    from prodlens.sources.github.client import Answer
    from prodlens.sources.github.payloads import Json

BY_CHANGE: Final = {"state": "all", "sort": "updated", "direction": "desc"}
"""Every change moves its pull request to the top of this list, so its first page tells of all."""
_BY_AGE: Final = {"state": "all", "sort": "created", "direction": "asc"}
"""Nothing moves in this list, so a walk may go on days later where it ended."""
_PAGES_AT_ONCE: Final = 20
"""A longer walk is made resumable: it reads the list by age instead."""


class PullSync:
    """One walk of the pull requests of one repository."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._repo_id = run.repo.repo_id
        self._own = github_repositories.names_of(run.store.conn, self._repo_id)
        self._wish: str | None = None
        self._pages = 0
        self._top: tuple[Answer, int] | None = None

    def sync(self) -> None:
        """Store everything that changed since the last walk.

        Raises:
            RetryLaterError: The walk ended early; the next one goes on.
            RemoteError: GitHub refuses.
        """
        self._wish = self._run.begin(PULLS, "watermark", "backfill", "backfill_from")
        if self._run.since is not None:
            stop = format_instant(self._run.since)
            shrinking(lambda size: self._walk_since(size, stop))
            return
        if self._wish is not None and "watermark" not in self._run.state(PULLS):
            with self._run.store.transaction() as conn:
                github_sync.forget(conn, self._repo_id, EVENTS)
        try:
            shrinking(self._walk)
        except RetryLaterError:
            if self._top is not None and self._pages >= _PAGES_AT_ONCE:
                self._plan_backfill(*self._top)  # a walk this long must be able to go on
            raise

    def _walk(self, size: int) -> None:
        state = self._run.state(PULLS)
        if "backfill" in state:
            self._backfill(state["backfill"], size)
            state = self._run.state(PULLS)
        path, parameters = self._run.path("pulls"), BY_CHANGE | {"per_page": str(size)}
        key = endpoint_key(path, parameters)
        etag = runs.get_etag(self._run.store.conn, key) if "watermark" in state else None
        first = self._run.client.get(path, parameters, etag=etag)
        if first.status == 304 and not self._is_same_behind(state):
            first = self._run.client.get(path, parameters)
        if first.status == 304:
            with self._run.store.transaction() as conn:
                self._run.fulfil(conn, PULLS, self._wish)
            return
        watermark = state.get("watermark")
        stop = back(watermark) if watermark else None
        if stop is None and (page_number(first.last) or 0) > _PAGES_AT_ONCE:
            self._plan_backfill(first, size)
            self._walk(size)
            return
        self._down(first, size, stop=stop, key=key)

    def _down(self, first: Answer, size: int, *, stop: str | None, key: str) -> None:
        """Walk from the top to a time, and write down that this was done."""
        top = _newest(first)
        self._top, self._pages = (first, size), 0
        behind: dict[str, str | None] = {}
        is_tied = not _tells_of_all(first)
        for done, page in enumerate(self._run.client.pages(first), 1):
            rows = self._read(page)
            ended = page.next is None or (stop is not None and _oldest(rows) < stop)
            if is_tied and done > 1:
                behind[page.path], is_tied = page.etag, _oldest(rows) == top
            with self._run.store.transaction() as conn:
                self._write(conn, rows)
                if ended:
                    self._finish(conn, top, key, first.etag)
                    self._remember_behind(conn, behind)
            self._pages = done
            self._run.tell("pull requests", done, None if stop else page_number(first.last))
            if ended:
                return

    def _remember_behind(self, conn: sqlite3.Connection, behind: dict[str, str | None]) -> None:
        """Note the pages on which a change of the newest second may be listed, and validators."""
        if behind:
            history.set_state(conn, self._repo_id, {"behind": json.dumps(behind)}, PULLS)
        else:
            github_sync.forget(conn, self._repo_id, PULLS, "behind")

    def _is_same_behind(self, state: Mapping[str, str]) -> bool:
        """Return whether pages behind an unchanged first one, as far as they count, are the same."""
        behind = json.loads(state.get("behind", "{}"))
        return all(
            self._run.client.get(path, etag=etag).status == 304 for path, etag in behind.items()
        )

    def _finish(self, conn: sqlite3.Connection, top: str, key: str, etag: str | None) -> None:
        known = history.state(conn, self._repo_id, PULLS).get("watermark", "")
        history.set_state(conn, self._repo_id, {"watermark": max(top, known)}, PULLS)
        if etag is not None:
            runs.set_etag(conn, key, etag)
        self._run.fulfil(conn, PULLS, self._wish)

    def _plan_backfill(self, newest: Answer, size: int) -> None:
        """Read everything by age, then what changed since this page was read."""
        path = endpoint_key(self._run.path("pulls"), _BY_AGE | {"per_page": str(size)})
        with self._run.store.transaction() as conn:
            place = {"backfill": path, "backfill_from": _newest(newest)}
            history.set_state(conn, self._repo_id, place, PULLS)

    def _backfill(self, path: str, size: int) -> None:
        if f"per_page={size}" not in path:
            path = endpoint_key(self._run.path("pulls"), _BY_AGE | {"per_page": str(size)})
        first = self._run.client.get(path)
        for page in self._run.client.pages(first):
            with self._run.store.transaction() as conn:
                self._write(conn, self._read(page))
                if page.next is not None:
                    history.set_state(conn, self._repo_id, {"backfill": page.next}, PULLS)
                    continue
                start = history.state(conn, self._repo_id, PULLS)["backfill_from"]
                history.set_state(conn, self._repo_id, {"watermark": start}, PULLS)
                github_sync.forget(conn, self._repo_id, PULLS, "backfill", "backfill_from")
            self._run.tell("pull requests", page_number(page.path) or 1, page_number(page.last))

    def _walk_since(self, size: int, stop: str) -> None:
        """Store what changed from a time on; no cursor moves, so the next walk sees it too."""
        parameters = BY_CHANGE | {"per_page": str(size)}
        first = self._run.client.get(self._run.path("pulls"), parameters)
        for done, page in enumerate(self._run.client.pages(first), 1):
            rows = self._read(page)
            with self._run.store.transaction() as conn:
                self._write(conn, [row for row in rows if row["updated_at"] >= stop])
            self._run.tell("pull requests", done)
            if _oldest(rows) < stop:
                return

    def _read(self, page: Answer) -> list[Json]:
        rows, unreadable = read_pull_requests(page.body, self._own)
        self._run.unreadable += unreadable
        return rows

    def _write(self, conn: sqlite3.Connection, rows: list[Json]) -> None:
        self._run.pulls |= github_sync.write_pull_requests(
            conn,
            self._repo_id,
            rows,
            now=format_instant(self._run.started),
            recheck=self._wish is not None,
        )


def _tells_of_all(first: Answer) -> bool:
    """Return whether every later change must alter a first page.

    Where all of it changed in one second and that second isn't over, what changes next may be listed
    behind it: nothing says how GitHub orders what changed in the same second.
    """
    rows, _ = read_pull_requests(first.body, ())
    newest = _newest(first)
    if first.next is None or _oldest(rows) < newest:
        return True
    return format_instant(server_time(first.headers, LONG_AGO)) > newest


def _newest(page: Answer) -> str:
    """Return the latest change on a page; empty when nothing is on it."""
    rows, _ = read_pull_requests(page.body, ())
    return max((row["updated_at"] for row in rows), default="")


def _oldest(rows: list[Json]) -> str:
    """Return the earliest change among rows; after every time when there are none."""
    return min((row["updated_at"] for row in rows), default="~")
