"""Compares what is stored with GitHub: counts, and a sample field by field; stores nothing.

What GitHub changed after the last sync is no difference; what it changed before and we don't have
is one: a lost update.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from prodlens.sources.github.addresses import page_number
from prodlens.sources.github.bodies import Kind
from prodlens.sources.github.payloads import read_events, read_pull_requests
from prodlens.storage import github_commits, github_sync
from prodlens.storage.github_sync import COMMITS, PULLS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from prodlens.github_etl.run import Run
    from prodlens.sources.github.client import Answer

_BY_AGE: Final = {"state": "all", "sort": "created", "direction": "desc"}
_FIELDS: Final = ("title", "state", "created_at", "merged_at", "closed_at")
_GONE: Final = (404, 410, 422)


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that is stored otherwise than GitHub has it.

    Attributes:
        what: The thing: `pull requests`, `commits`, `pull request 12`.
        field: Which part of it.
        stored: What is stored, for people.
        remote: What GitHub says, for people.
    """

    what: str
    field: str
    stored: str
    remote: str


@dataclass(frozen=True, slots=True)
class Verification:
    """What a comparison found.

    Attributes:
        repo_slug: The repository.
        pull_requests: Pull requests stored.
        commits: Commits stored on the default branch.
        compared: Pull requests compared field by field.
        newer: Pull requests that changed after the last sync, and were not compared.
        differences: What differs.
        calls: REST calls used.
    """

    repo_slug: str
    pull_requests: int
    commits: int
    compared: int
    newer: int
    differences: tuple[Difference, ...]
    calls: int


def verify(run: Run, sample: int) -> Verification:
    """Compare counts and up to `sample` pull requests of one repository with GitHub."""
    stored = github_sync.stored_pull_requests(run.store.conn, run.repo.repo_id)
    watermark = run.state(PULLS).get("watermark", "")
    found = [*_pull_request_count(run, {row["number"] for row in stored}, watermark)]
    found += _commit_count(run)
    newer = 0
    chosen = _evenly(stored, sample)
    for row in chosen:
        differences = _compared(run, row, watermark)
        newer += differences is None
        found += differences or []
    return Verification(
        run.repo.slug,
        len(stored),
        github_commits.count_on_branch(run.store.conn, run.repo.repo_id),
        len(chosen) - newer,
        newer,
        tuple(found),
        run.client.usage.calls,
    )


def _pull_request_count(run: Run, numbers: set[int], watermark: str) -> Iterator[Difference]:
    total = _total(run.client.get(run.path("pulls"), _BY_AGE | {"per_page": "1"}))
    page = run.client.get(run.path("pulls"), _BY_AGE | {"per_page": "100"})
    rows, _ = read_pull_requests(page.body, ())
    missing = [row for row in rows if row["number"] not in numbers]
    new = sum((row["created_at"] or "") > watermark for row in missing)
    if total is not None and total - new != len(numbers):
        yield Difference("pull requests", "count", f"{len(numbers):,}", f"{total - new:,}")


def _commit_count(run: Run) -> Iterator[Difference]:
    stored = github_commits.count_on_branch(run.store.conn, run.repo.repo_id)
    head = run.state(COMMITS).get("head")
    if head is None:
        if stored:
            yield Difference("commits", "newest", "not known", "not compared")
        return
    answer = run.client.get(run.path("commits"), {"sha": head, "per_page": "1"}, take=_GONE)
    if answer.status in _GONE:
        yield Difference("commits", "newest", head, "gone: the branch was pushed over")
        return
    total = _total(answer)
    if total is not None and total != stored:
        yield Difference("commits", "count", f"{stored:,}", f"{total:,}")


def _total(one_a_page: Answer) -> int | None:
    """Return how many items a list has, from its last page of one; None where it isn't told."""
    if one_a_page.next is None:
        return len(one_a_page.body)
    return page_number(one_a_page.last)


def _evenly(rows: Sequence[dict[str, Any]], count: int) -> list[dict[str, Any]]:
    """Return rows spread evenly over all of them, the newest among them."""
    step = max(len(rows) / count, 1.0) if count > 0 else 0.0
    places = {len(rows) - 1 - int(k * step) for k in range(min(count, len(rows)))}
    return [rows[place] for place in sorted(places)]


def _compared(run: Run, row: dict[str, Any], watermark: str) -> list[Difference] | None:
    """Return how a pull request differs; None when it changed after the last sync."""
    what = f"pull request {row['number']}"
    path = run.path(f"pulls/{row['number']}")
    answer = run.client.get(path, kind=Kind.OBJECT, take=_GONE)
    if answer.status in _GONE:
        return [Difference(what, "existence", "stored", "gone")]
    remote, _ = read_pull_requests([answer.body], ())
    if not remote or remote[0]["updated_at"] > max(watermark, row["updated_at"]):
        return None
    if remote[0]["updated_at"] != row["updated_at"]:
        said = (row["updated_at"], remote[0]["updated_at"])
        return [Difference(what, "updated_at", *said)]
    found = [
        Difference(what, name, _shown(name, row[name]), _shown(name, remote[0][name]))
        for name in _FIELDS
        if row[name] != remote[0][name]
    ]
    return found + list(_reopened(run, what, row))


def _reopened(run: Run, what: str, row: dict[str, Any]) -> Iterator[Difference]:
    if row["reopened"] is None:
        return
    first = run.client.get(run.path(f"issues/{row['number']}/events"), {"per_page": "100"})
    events = (one for page in run.client.pages(first) for one in read_events(page.body, 0))
    remote = any(event.event == "reopened" for event in events)
    if remote != bool(row["reopened"]):
        yield Difference(what, "reopened", str(bool(row["reopened"])), str(remote))


def _shown(name: str, value: Any) -> str:
    """Return a value for people; titles are their authors' words and stay where they are."""
    return "another text" if name == "title" else str(value)
