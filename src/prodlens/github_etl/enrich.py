"""Asks GraphQL for what lists don't tell: sizes, first reviews, old reopenings, lines of commits.

Optional: nothing of it is needed for the rows to be right, and when GraphQL fails the sync goes on.
A call answers for 100 pull requests and costs about one point.
Source: docs.github.com "Rate limits and query limits for the GraphQL API".
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Final

from prodlens.clock import format_instant, parse_instant
from prodlens.errors import RemoteError
from prodlens.sources.github.client import OverloadedError
from prodlens.storage import github_sync, history

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from prodlens.github_etl.run import Run

log = logging.getLogger(__name__)

_SIZES: Final = (100, 50, 25)
_LINES_AT_ONCE: Final = 100
_LINES_CALLS: Final = 1
"""Calls for lines of commits in one run that is not to fill everything."""

PULL_REQUESTS: Final = """
query($ids: [ID!]!) {
  nodes(ids: $ids) {
    ... on PullRequest {
      number additions deletions changedFiles
      reviews(first: 1) { nodes { submittedAt } }
      timelineItems(itemTypes: [REOPENED_EVENT], last: 1) {
        totalCount nodes { ... on ReopenedEvent { createdAt } }
      }
    }
  }
}
"""
_COMMIT: Final = (
    '    c{place}: object(oid: "{sha}") {{ ... on Commit '
    "{{ oid additions deletions changedFilesIfAvailable }} }}"
)


class Enrichment:
    """One round of questions about one repository."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._repo_id = run.repo.repo_id

    def run(self) -> None:
        """Store what is not known yet, newest first; a failure of GraphQL only ends this."""
        try:
            for size in _SIZES:
                try:
                    self._sizes(size)
                    break
                except OverloadedError:
                    continue
            self._lines()
        except RemoteError as error:
            log.warning(
                "GraphQL can't be asked now: sizes and first reviews stay as they are",
                extra={"kind": type(error).__name__},
            )

    def _sizes(self, size: int) -> None:
        unsized = github_sync.unsized(self._run.store.conn, self._repo_id)
        for start in range(0, len(unsized), size):
            some = unsized[start : start + size]
            data = self._ask(PULL_REQUESTS, {"ids": [node_id for _, node_id, _ in some]})
            found = {one.get("number"): one for one in _dicts(data.get("nodes"))}
            sizes = {number: (_size(found.get(number, {})), as_of) for number, _, as_of in some}
            with self._run.store.transaction() as conn:
                self._run.pulls |= github_sync.set_sizes(conn, self._repo_id, sizes)
                for number in sizes:
                    self._reopened(conn, number, found.get(number, {}).get("timelineItems"))
            self._run.tell("sizes", start + len(some), len(unsized))

    def _reopened(self, conn: sqlite3.Connection, number: int, items: Any) -> None:
        """Take over how often one was reopened; caller's transaction."""
        times = items.get("totalCount") if isinstance(items, dict) else None
        if not isinstance(times, int):
            return
        moments = [_time(node.get("createdAt")) for node in _dicts(items.get("nodes"))]
        for one in github_sync.waiting(conn, self._repo_id, number):
            last = max((at for at in (*moments, one.last) if at), default=None)
            told = one._replace(seen=max(times, one.seen), last=last)
            if github_sync.set_reopened(conn, self._repo_id, told, complete=True):
                self._run.pulls.add(number)

    def _lines(self) -> None:
        """Count lines of commits that nobody counted yet; a clone does it faster."""
        left = history.uncounted(self._run.store.conn, self._repo_id)[::-1]
        calls = len(left) if self._run.fill else _LINES_CALLS
        for start in range(0, min(len(left), calls * _LINES_AT_ONCE), _LINES_AT_ONCE):
            some = left[start : start + _LINES_AT_ONCE]
            found = _dicts(self._objects(some))
            counts = {one["oid"]: lines for one in found if (lines := _lines_of(one)) is not None}
            with self._run.store.transaction() as conn:
                history.set_lines(conn, self._repo_id, counts)
            self._run.commits |= counts.keys()
            self._run.tell("lines of commits", start + len(some))

    def _objects(self, shas: Sequence[str]) -> list[Any]:
        owner, _, name = self._run.repo.slug.partition("/")
        fields = "\n".join(_COMMIT.format(place=n, sha=sha) for n, sha in enumerate(shas))
        query = (
            "query($owner: String!, $name: String!) {\n"
            f"  repository(owner: $owner, name: $name) {{\n{fields}\n  }}\n}}\n"
        )
        repository = self._ask(query, {"owner": owner, "name": name}).get("repository")
        return list(repository.values()) if isinstance(repository, dict) else []

    def _ask(self, query: str, variables: dict[str, Any]) -> dict[str, Any]:
        """Return what GraphQL knows; parts of it may be missing.

        Raises:
            RemoteError: It knows nothing.
        """
        data = self._run.client.post_graphql(query, variables).get("data")
        if not isinstance(data, dict):
            raise RemoteError("GraphQL gave no data.")
        return data


def _dicts(values: Any) -> list[dict[str, Any]]:
    return [one for one in values if isinstance(one, dict)] if isinstance(values, list) else []


def _size(one: dict[str, Any]) -> dict[str, Any]:
    reviews = one.get("reviews")
    nodes = _dicts(reviews.get("nodes")) if isinstance(reviews, dict) else []
    return {
        "additions": _count(one.get("additions")),
        "deletions": _count(one.get("deletions")),
        "changed_files": _count(one.get("changedFiles")),
        "first_review_at": _time(nodes[0].get("submittedAt")) if nodes else None,
    }


def _lines_of(one: dict[str, Any]) -> tuple[int, int, int] | None:
    found = [_count(one.get(key)) for key in ("additions", "deletions", "changedFilesIfAvailable")]
    added, deleted, files = found
    if added is None or deleted is None or files is None or not isinstance(one.get("oid"), str):
        return None
    return added, deleted, files


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _time(value: Any) -> str | None:
    parsed = parse_instant(value) if isinstance(value, str) else None
    return format_instant(parsed[0]) if parsed else None
