"""Reads GitHub's JSON -> plain rows; knows neither HTTP nor store.

Every field may be missing, null or of another type than documented: then it is not known. A body
of a pull request is read for what it reverts and then forgotten.
Source: GitHub's OpenAPI description, version 2022-11-28.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from prodlens.clock import format_instant, parse_instant
from prodlens.selection import parse_repository
from prodlens.sources.ai_trailers import account_of, author_sign, is_program
from prodlens.sources.git_messages import read_message

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from prodlens.sources.ai_trailers import AiSign

Json = dict[str, Any]

GHOST: Final = "ghost"
"""Login that stands for every deleted account: nobody."""
EVENT_KINDS: Final = frozenset(
    {
        "closed",
        "reopened",
        "merged",
        "ready_for_review",
        "convert_to_draft",
        "head_ref_force_pushed",
    }
)
"""Events that are kept; the others (labels, mentions, ...) say nothing about delivery."""
_LONGEST_TITLE: Final = 1000
_INT64: Final = 2**63


class RepositoryFacts(NamedTuple):
    """What GitHub says of a repository.

    Attributes:
        github_id: Its number, which stays when it is renamed; None when not told.
        slug: `owner/name`, lower case.
        default_branch: Name of the default branch; None when not told.
    """

    github_id: int | None
    slug: str
    default_branch: str | None


class EventRow(NamedTuple):
    """An event of a pull request: columns of `pr_events` behind `repo_id`."""

    event_id: int
    number: int
    event: str
    actor: str | None
    created_at: str | None
    commit_id: str | None


class CommitFacts(NamedTuple):
    """What GitHub says of a commit; columns of `commits` by their names.

    Attributes:
        parents: Hashes, the first parent first; None when the answer doesn't name them.
        signs: Signs of AI assistance.
    """

    sha: str
    author: str | None
    author_name: str
    author_email: str
    author_login: str | None
    author_id: int | None
    committer_email: str
    authored_at: str | None
    committed_at: str | None
    subject: str
    is_bot: bool
    reverts_sha: str | None
    parents: tuple[str, ...] | None
    signs: tuple[AiSign, ...]


class Account(NamedTuple):
    """Who did something; all None for a deleted account."""

    login: str | None
    github_id: int | None
    type: str | None

    @property
    def is_bot(self) -> bool | None:
        """Whether it is a program; None when nobody is named."""
        if self.login is None:
            return None
        return self.type == "Bot" or self.login.lower().endswith("[bot]")


def read_repository(document: Json, asked: str) -> RepositoryFacts:
    """Return what the answer for a repository says; `asked` is its name where none is told."""
    name = _text(document.get("full_name"))
    slug = parse_repository(name) if name and name.count("/") == 1 else asked
    return RepositoryFacts(_whole(document.get("id")), slug, _text(document.get("default_branch")))


def read_pull_requests(items: Iterable[Any], own_slugs: Iterable[str]) -> tuple[list[Json], int]:
    """Return rows of `pull_requests`, and how many items can't be read.

    Args:
        items: A page of the list.
        own_slugs: Names of the repository, lower case: a revert that names another one says
            nothing here.

    Returns:
        `(columns by name, unreadable)`; an item without number or time of change is unreadable.
    """
    own = frozenset(own_slugs)
    rows = [_pull_request(item, own) for item in items]
    found = [row for row in rows if row is not None]
    return found, len(rows) - len(found)


def _pull_request(item: Any, own: frozenset[str]) -> Json | None:
    if not isinstance(item, dict):
        return None
    number, updated_at = _whole(item.get("number")), _time(item.get("updated_at"))
    if number is None or updated_at is None:
        return None
    merged_at = _time(item.get("merged_at"))
    title = (_text(item.get("title")) or "")[:_LONGEST_TITLE]
    message = read_message(f"{title}\n\n{_text(item.get('body')) or ''}")
    reverts = message.reverts_number if message.reverts_slug in own | {None} else None
    author = read_account(item.get("user"))
    return {
        "number": number,
        "id": _whole(item.get("id")),
        "node_id": _text(item.get("node_id")),
        "title": title or None,
        "author": author.login,
        "author_id": author.github_id,
        "author_type": author.type,
        "is_bot": author.is_bot,
        "state": _text(item.get("state")),
        "draft": _flag(item.get("draft")),
        "created_at": _time(item.get("created_at")),
        "merged_at": merged_at,
        "closed_at": _time(item.get("closed_at")),
        "updated_at": updated_at,
        "base_ref": _text(_part(item, "base").get("ref")),
        "head_ref": _text(_part(item, "head").get("ref")),
        # Before the merge this is the hash of a trial merge.
        "merge_commit_sha": _text(item.get("merge_commit_sha")) if merged_at else None,
        "reverts_number": reverts,
        "labels": _labels(item.get("labels")),
    }


def read_account(value: Any) -> Account:
    """Return who a `user`, `actor` or `author` is; nobody for null, `{}` and deleted accounts."""
    login = _text(value.get("login")) if isinstance(value, dict) else None
    if login is None or login.lower() == GHOST:
        return Account(None, None, None)
    return Account(login, _whole(value.get("id")), _text(value.get("type")))


def read_events(items: Iterable[Any], number: int | None = None) -> list[EventRow]:
    """Return the events of pull requests that are kept.

    Args:
        items: A page of events.
        number: The pull request, where the list is that of one; None where each event names its
            own. Events that are certainly an issue's are left out.
    """
    return list(_events(items, number))


def _events(items: Iterable[Any], number: int | None) -> Iterator[EventRow]:
    for item in items:
        event_id = _whole(item.get("id")) if isinstance(item, dict) else None
        if event_id is None or _text(item.get("event")) not in EVENT_KINDS:
            continue
        issue = _part(item, "issue")
        of = number if number is not None else _whole(issue.get("number"))
        if of is None or (number is None and _is_issue(issue)):
            continue
        yield EventRow(
            event_id,
            of,
            item["event"],
            read_account(item.get("actor")).login,
            _time(item.get("created_at")),
            _text(item.get("commit_id")),
        )


def _is_issue(issue: Mapping[str, Any]) -> bool:
    """Return whether it is certainly no pull request, which GitHub counts among issues."""
    page = _text(issue.get("html_url")) or ""
    return not issue.get("pull_request") and "/issues/" in page


class EventPlace(NamedTuple):
    """Where an event stands in the list: its id and time; times may be missing."""

    event_id: int
    created_at: str


def event_places(items: Iterable[Any]) -> list[EventPlace]:
    """Return ids and times of all events of a page, also of those that are not kept."""
    return [
        EventPlace(event_id, _time(item.get("created_at")) or "")
        for item in items
        if isinstance(item, dict) and (event_id := _whole(item.get("id"))) is not None
    ]


def read_commits(items: Iterable[Any]) -> list[CommitFacts]:
    """Return the commits of a page; an item without a hash is left out."""
    return [
        _commit(item, sha)
        for item in items
        if isinstance(item, dict) and (sha := _text(item.get("sha"))) is not None
    ]


def _commit(item: Json, sha: str) -> CommitFacts:
    commit = _part(item, "commit")
    author, committer = _part(commit, "author"), _part(commit, "committer")
    name = (_text(author.get("name")) or "").strip()
    email = (_text(author.get("email")) or "").strip().lower()
    message = read_message(_text(commit.get("message")) or "")
    account = read_account(item.get("author"))
    login, github_id = _known_as(account, email)
    sign = author_sign(name, email)
    parents = item.get("parents")
    return CommitFacts(
        sha=sha,
        author=login or name or None,
        author_name=name,
        author_email=email,
        author_login=login,
        author_id=github_id,
        committer_email=(_text(committer.get("email")) or "").strip().lower(),
        authored_at=_time(author.get("date")),
        committed_at=_time(committer.get("date")),
        subject=message.subject,
        is_bot=bool(account.is_bot) or is_program(name, email),
        reverts_sha=message.reverts_sha,
        parents=_parents(parents) if isinstance(parents, list) else None,
        signs=message.signs + ((sign,) if sign else ()),
    )


def _parents(items: list[Any]) -> tuple[str, ...]:
    found = (_text(item.get("sha")) for item in items if isinstance(item, dict))
    return tuple(sha for sha in found if sha is not None)


@functools.lru_cache(maxsize=4096)
def _known_as(account: Account, email: str) -> tuple[str | None, int | None]:
    """Return login and id of an author from account and e-mail together.

    Where both name one, the larger stands, as it does when a local clone tells of the same commit.
    """
    by_mail = account_of(email)
    number, login = by_mail if by_mail and by_mail[0] is not None else (None, None)
    logins = [one for one in (account.login, login) if one]
    numbers = [one for one in (account.github_id, number) if one is not None]
    return max(logins, default=None), max(numbers, default=None)


def _part(item: Mapping[str, Any], name: str) -> Json:
    value = item.get(name)
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str | None:
    """Return a text that can be stored; JSON may hold halves of characters, which are none."""
    if not isinstance(value, str) or not value:
        return None
    return value if value.isascii() else value.encode(errors="replace").decode()


def _whole(value: Any) -> int | None:
    fits = isinstance(value, int) and not isinstance(value, bool) and -_INT64 <= value < _INT64
    return value if fits else None


def _flag(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


@functools.lru_cache(maxsize=4096)
def _stored(text: str) -> str | None:
    parsed = parse_instant(text)
    return format_instant(parsed[0]) if parsed and parsed[0].year >= 1970 else None


def _time(value: Any) -> str | None:
    return _stored(value) if isinstance(value, str) else None


def _labels(value: Any) -> list[str] | None:
    if not isinstance(value, list):
        return None
    names = (item.get("name") if isinstance(item, dict) else item for item in value)
    return [name for name in names if isinstance(name, str)]
