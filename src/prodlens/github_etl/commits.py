"""Walks the default branch by ancestry: what is in the new head and not in the old one.

Dates say nothing here: an old commit may land today. Read commits stand off the branch; with the
last page, in one transaction, the branch becomes exactly what its new head contains.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from prodlens.clock import format_instant
from prodlens.errors import RemoteError, RetryLaterError
from prodlens.github_etl import graph
from prodlens.github_etl.run import PAGE, shrinking
from prodlens.sources.github.addresses import page_number
from prodlens.sources.github.bodies import Kind
from prodlens.sources.github.caching import head_validator
from prodlens.sources.github.payloads import read_commits
from prodlens.storage import github_commits, github_sync, history
from prodlens.storage.github_commits import CommitRow
from prodlens.storage.github_sync import COMMITS
from prodlens.storage.history import Trailer

if TYPE_CHECKING:
    import sqlite3

    from prodlens.github_etl.run import Run
    from prodlens.sources.github.client import Answer
    from prodlens.sources.github.payloads import CommitFacts
    from prodlens.storage.github_commits import Node

_EMPTY: Final = 409
_HEADS: Final = ("head", "filtered_head")
"""Where the branch was found before, by whole and by filtered walks."""
_GONE: Final = (404, 422)
"""A commit that a force push took away; no common ancestor; a branch that doesn't exist."""


class CommitSync:
    """One walk of the default branch of one repository."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._repo_id = run.repo.repo_id
        self._wish: str | None = None
        self._listed: set[str] = set()
        self._is_whole_list = False

    def sync(self) -> None:
        """Bring the stored branch to where it is now.

        Raises:
            RetryLaterError: The walk ended early; the next one goes on.
            RemoteError: GitHub refuses.
        """
        self._wish = self._run.begin(COMMITS, "walk", "walk_head")
        if self._run.since is not None:
            shrinking(self._walk_since)
        else:
            shrinking(self._walk)

    def _walk(self, size: int) -> None:
        state = self._run.state(COMMITS)
        if "walk" in state and size == PAGE:
            self._resume(state["walk"], state["walk_head"])
            state = self._run.state(COMMITS)
        wanted = self._wish is not None and "forced" in state
        known = None if wanted else state.get("head")
        head = self._probe(known)
        if head is None or (head == known):
            return
        if not (known is not None and self._compare(known, head, size)):
            self._list(head, size)

    def _probe(self, known: str | None) -> str | None:
        """Return the newest commit of the branch; None when it is the known one or there is none.

        The question is free while the answer is "the same", whatever the token.
        """
        branch = self._run.repo.default_branch or "HEAD"
        answer = self._run.client.get(
            self._run.path(f"commits/{quote(branch)}"),
            etag=head_validator(known) if known else None,
            kind=Kind.SHA,
            take=(_EMPTY, *_GONE),
        )
        if answer.status == 200:
            return str(answer.body)
        if answer.status in _GONE:
            some = self._run.client.get(
                self._run.path("commits"), {"per_page": "1"}, take=(_EMPTY,)
            )
            if some.body:
                raise RemoteError(
                    f"{self._run.repo.slug} has no branch {branch!r}: if its default branch was "
                    "renamed just now, run the same command again."
                )
        return None

    def _compare(self, known: str, head: str, size: int) -> bool:
        """Read what the new head has and the old one has not; return whether that was everything.

        It isn't when the old head is gone, or has nothing in common with the new one.
        """
        path = self._run.path(f"compare/{known}...{head}")
        parameters = {"per_page": str(size), "page": "1"}
        first = self._run.client.get(path, parameters, kind=Kind.OBJECT, take=_GONE)
        return first.status == 200 and self._read(first, head)

    def _list(self, head: str, size: int) -> None:
        """Read everything the new head has."""
        parameters = {"sha": head, "per_page": str(size)}
        first = self._run.client.get(self._run.path("commits"), parameters, take=_GONE)
        self._listed, self._is_whole_list = set(), True
        if first.status in _GONE or not self._read(first, head):
            raise RetryLaterError(
                f"The history of {self._run.repo.slug} came with gaps; nothing of it counts yet. "
                "Run the same command again."
            )

    def _resume(self, page: str, head: str) -> None:
        """Go on with a walk that died: its pages are fixed by the commit they start from."""
        kind = Kind.OBJECT if "/compare/" in page else Kind.LIST
        first = self._run.client.get(page, kind=kind, take=_GONE)
        if first.status in _GONE or not self._read(first, head):
            self._give_up()

    def _give_up(self) -> None:
        """Forget the place of a walk that can't be finished."""
        with self._run.store.transaction() as conn:
            github_sync.forget(conn, self._repo_id, COMMITS, "walk", "walk_head")

    def _read(self, first: Answer, head: str) -> bool:
        """Store pages; with the last one, move the branch. Return whether it could be moved.

        It can't when GitHub threw the commits away that a force push left, between two pages.
        """
        for done, page in enumerate(self._run.client.pages(first, take=_GONE), 1):
            if page.status in _GONE:
                self._give_up()
                return False
            rows = self._rows(page)
            with self._run.store.transaction() as conn:
                self._run.commits |= github_commits.stage(conn, self._repo_id, rows)
                if page.next is not None:
                    place = {"walk": page.next, "walk_head": head}
                    history.set_state(conn, self._repo_id, place, COMMITS)
                elif not self._move(conn, head):
                    return False
            self._run.tell("commits", done, page_number(page.last))
        return True

    def _move(self, conn: sqlite3.Connection, head: str) -> bool:
        """Let the branch be what a commit contains; caller's transaction.

        Returns:
            Whether all of that is stored. If not, the branch stays where it was.
        """
        nodes = github_commits.nodes(conn, self._repo_id)
        # Where parents aren't told, nothing but one whole list says what is on the branch.
        told = self._is_whole_list or not self._listed
        whole = told and head in nodes and not graph.reach(head, nodes).missing
        if whole:
            state = history.state(conn, self._repo_id, COMMITS)
            self._place(conn, nodes, head, [state[key] for key in _HEADS if key in state])
            history.set_state(conn, self._repo_id, {"head": head}, COMMITS)
            github_sync.forget(conn, self._repo_id, COMMITS, "filtered_head")
            self._run.fulfil(conn, COMMITS, self._wish)
        github_sync.forget(conn, self._repo_id, COMMITS, "walk", "walk_head")
        return whole

    def _place(
        self, conn: sqlite3.Connection, nodes: dict[str, Node], head: str, before: list[str]
    ) -> None:
        found = graph.placements(
            nodes,
            head,
            before=before,
            merged_by=github_commits.merged_by(conn, self._repo_id),
            listed=self._listed,
            now=self._run.started,
        )
        moves = list(found)
        github_commits.place(conn, self._repo_id, moves)
        self._run.commits |= {to.sha for to, _ in moves}

    def _walk_since(self, size: int) -> None:
        """Store what was committed from a time on; the branch's cursor stays where it is."""
        head = self._probe(None)
        if head is None or self._run.since is None:
            return
        stop = format_instant(self._run.since)
        parameters = {"sha": head, "per_page": str(size)}
        first = self._run.client.get(self._run.path("commits"), parameters)
        for done, page in enumerate(self._run.client.pages(first), 1):
            rows = self._rows(page)
            with self._run.store.transaction() as conn:
                self._run.commits |= github_commits.stage(conn, self._repo_id, rows)
            self._run.tell("commits", done)
            if max((row.committed_at or "" for row in rows), default="") < stop:
                break
        with self._run.store.transaction() as conn:
            before = history.state(conn, self._repo_id, COMMITS).get("filtered_head")
            nodes = github_commits.nodes(conn, self._repo_id)
            self._place(conn, nodes, head, [before] if before else [])
            history.set_state(conn, self._repo_id, {"filtered_head": head}, COMMITS)

    def renumber(self) -> None:
        """Give commits the numbers of pull requests that became known after they were placed."""
        conn = self._run.store.conn
        head = self._run.state(COMMITS).get("head")
        if head is None or not github_commits.has_unnumbered(conn, self._repo_id):
            return
        with self._run.store.transaction() as conn:
            self._place(conn, github_commits.nodes(conn, self._repo_id), head, [])

    def _rows(self, page: Answer) -> list[CommitRow]:
        items = page.body.get("commits") if isinstance(page.body, dict) else page.body
        rows = [_row(facts) for facts in read_commits(items if isinstance(items, list) else [])]
        self._listed |= {row.sha for row in rows if row.parents is None}
        return rows


def _row(facts: CommitFacts) -> CommitRow:
    signs = tuple(
        Trailer(sign.key, sign.value, sign.vendor, sign.model, str(sign.role), sign.session_ref)
        for sign in facts.signs
    )
    return CommitRow(
        *facts[:10],
        is_merge=int(len(facts.parents or ()) > 1),
        is_bot=int(facts.is_bot),
        reverts_sha=facts.reverts_sha,
        parents=facts.parents,
        trailers=signs,
    )
