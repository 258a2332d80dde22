"""What the steps of one sync share: the store, the client, the repository, what changed so far."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar

from prodlens.clock import format_instant, parse_stored
from prodlens.sources.github.client import OverloadedError
from prodlens.storage import github_sync, history
from prodlens.storage.runs import FORCE_FULL

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable
    from datetime import datetime

    from prodlens.sources.github.client import GithubClient
    from prodlens.storage import ProdLensStore

T = TypeVar("T")

PAGE: Final = 100
_SMALLER: Final = (50, 25)
OVERLAP: Final = timedelta(hours=1)
"""How far behind the watermark a walk goes: replicas lag, and seconds are shared."""


class Repository(NamedTuple):
    """The repository that is synced.

    Attributes:
        repo_id: Its row.
        slug: What it is called now, lower case.
        root: Beginning of its paths: by number where that is known, so that no rename matters.
        default_branch: Name of its default branch; None when not told.
        asked: The name it was asked for, lower case.
    """

    repo_id: int
    slug: str
    root: str
    default_branch: str | None
    asked: str


class Progress(NamedTuple):
    """How far a step has come; `total` is None when not known."""

    step: str
    done: int
    total: int | None


@dataclass(slots=True)
class Run:
    """One run of a sync.

    Attributes:
        store: The store, writable.
        client: The conversation with GitHub.
        repo: The repository.
        started: When the run began, aware UTC, by the clock of this computer.
        since: Only what changed from here on is read, and no cursor moves; None reads everything.
        fill: Whether everything that is not known is asked for, whatever it costs.
        on_progress: Is told how far a step has come.
        pulls: Numbers of pull requests that are new or changed.
        commits: Hashes of commits that are new or changed.
        unreadable: Items of answers that could not be read.
        events_refused: Whether GitHub doesn't let this token read events.
    """

    store: ProdLensStore
    client: GithubClient
    repo: Repository
    started: datetime
    since: datetime | None = None
    fill: bool = False
    on_progress: Callable[[Progress], None] | None = None
    pulls: set[int] = field(default_factory=set)
    commits: set[str] = field(default_factory=set)
    unreadable: int = 0
    events_refused: bool = False

    def path(self, rest: str) -> str:
        """Return a path below the repository."""
        return f"{self.repo.root}/{rest}"

    def state(self, stream: str) -> dict[str, str]:
        """Return what a stream of the repository remembers."""
        return history.state(self.store.conn, self.repo.repo_id, stream)

    def tell(self, step: str, done: int, total: int | None = None) -> None:
        """Report progress."""
        if self.on_progress is not None:
            self.on_progress(Progress(step, done, total))

    def begin(self, stream: str, *forget: str) -> str | None:
        """Honour a wish to read a stream anew; return it while it isn't fulfilled.

        The wish (`store.set_etag(endpoint, None)`) makes the stream forget where it stood, once;
        a run that dies goes on with the new walk.

        Args:
            stream: The stream.
            forget: What it forgets.

        Returns:
            The wish; None when there is none, and for a filtered run, which fulfils none.
        """
        state = self.state(stream)
        wish = None if self.since else state.get(FORCE_FULL)
        if wish is None or state.get("forced") == wish:
            return wish
        with self.store.transaction() as conn:
            github_sync.forget(conn, self.repo.repo_id, stream, *forget)
            history.set_state(conn, self.repo.repo_id, {"forced": wish}, stream)
        return wish

    def fulfil(self, conn: sqlite3.Connection, stream: str, wish: str | None) -> None:
        """Take a wish back that was fulfilled, unless it was made again; caller's transaction."""
        if wish is not None:
            again = history.state(conn, self.repo.repo_id, stream).get(FORCE_FULL) != wish
            keys = ("forced",) if again else ("forced", FORCE_FULL)
            github_sync.forget(conn, self.repo.repo_id, stream, *keys)


def back(moment: str, by: timedelta = OVERLAP) -> str:
    """Return the stored text of a time somewhat before another."""
    return format_instant(parse_stored(moment) - by)


def shrinking(walk: Callable[[int], T]) -> T:
    """Walk pages of 100, and smaller ones where GitHub takes too long for those.

    The size of a page moves its borders, so a walk begins anew with each size.
    """
    for size in (PAGE, *_SMALLER[:-1]):
        try:
            return walk(size)
        except OverloadedError:
            continue
    return walk(_SMALLER[-1])
