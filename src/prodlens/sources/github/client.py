"""Asks GitHub: pages, retries, limits, moved addresses; over any session that has a `get`.

Knows neither store nor records. What happens after an answer is decided in `decisions`; here it is
done. The token goes into one header for one host, and into nothing else: no message, no log.
"""

from __future__ import annotations

import logging
import random
import re
import time
from dataclasses import dataclass
from http.client import HTTPException
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

from prodlens import __version__
from prodlens.clock import utc_now
from prodlens.errors import InputError, RemoteError, RetryLaterError
from prodlens.sources.github import refusals
from prodlens.sources.github.addresses import API, base_of, links, repository_root
from prodlens.sources.github.bodies import Kind, body_of, lower, message_of
from prodlens.sources.github.caching import conditional
from prodlens.sources.github.decisions import (
    Follow,
    GiveUp,
    Proceed,
    Refused,
    Reply,
    Wait,
    decide,
    whole,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping
    from datetime import datetime

    from prodlens.sources.github.addresses import Base

log = logging.getLogger(__name__)

API_VERSION: Final = "2022-11-28"
"""Later versions leave `merge_commit_sha` out of pull requests."""
_TIMEOUT_S: Final = 30.0
_REDIRECTS: Final = 5
_TOKEN: Final = re.compile(r"[\x21-\x7e]{1,400}")


class Session(Protocol):
    """What is needed of an HTTP client; `requests.Session` has it.

    A `post(url, json=, headers=, timeout=)` is used for GraphQL where there is one.
    """

    def get(
        self,
        url: str,
        *,
        headers: Mapping[str, str],
        params: Mapping[str, str] | None,
        timeout: float,
    ) -> Any:
        """Return a response with `status_code`, `headers`, `json()` and `text`."""


@dataclass(slots=True)
class Usage:
    """What a run cost.

    Attributes:
        calls: REST requests sent, answered or not.
        not_modified: Answers that nothing had changed.
        points: Calls of GraphQL.
        waited_s: Seconds slept because of limits and accidents.
        remaining: Calls left in this hour as GitHub last said; None when it doesn't say.
        limit: Calls allowed per hour; None when it doesn't say.
    """

    calls: int = 0
    not_modified: int = 0
    points: int = 0
    waited_s: float = 0.0
    remaining: int | None = None
    limit: int | None = None


class Answer(NamedTuple):
    """A whole answer.

    Attributes:
        status: 200, 304, or one that the caller said it would take.
        headers: By lower-case name.
        body: List, dict or hash as asked; None for other statuses than 200.
        path: Path and query that answered in the end.
        next: Path of the next page; None on the last one.
        last: Path of the last page; None on a single page, and where GitHub doesn't tell.
    """

    status: int
    headers: Mapping[str, str]
    body: Any
    path: str
    next: str | None
    last: str | None

    @property
    def etag(self) -> str | None:
        """The validator, as it came."""
        return self.headers.get("etag")


class OverloadedError(RetryLaterError):
    """GitHub took too long for a page; a smaller one may do."""


class LimitedError(RetryLaterError):
    """A limit holds for longer than we may wait."""


class GithubClient:
    """One conversation with one installation of GitHub, one request at a time.

    Args:
        session: The HTTP client.
        token: Token; None asks as nobody, 60 times an hour.
        base_url: Address of the API.
        max_wait_s: Longest single wait for a limit, in seconds.
        now: Gives the present; used only where GitHub sends no `Date`.
        sleep: Waits; None is `time.sleep`.
        jitter: Gives a number from 0 to 1.

    Attributes:
        base: Where it asks.
        usage: What it cost so far.

    Raises:
        InputError: The address or the token can't be used.
    """

    def __init__(  # noqa: PLR0913 - the clock, the sleep and the dice of a test are parameters
        self,
        session: Session,
        *,
        token: str | None = None,
        base_url: str = API,
        max_wait_s: float = 900.0,
        now: Callable[[], datetime] = utc_now,
        sleep: Callable[[float], None] | None = None,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self.base: Base = base_of(base_url)
        self.usage = Usage()
        self._session, self._token = session, _checked(token)
        self._max_wait_s = max_wait_s
        self._now, self._sleep, self._jitter = now, sleep, jitter
        self._moved: dict[str, str] = {}

    @property
    def speaks_graphql(self) -> bool:
        """Whether GraphQL can be asked: it needs a token, and a session that can post."""
        return self._token is not None and callable(getattr(self._session, "post", None))

    def get(
        self,
        path: str,
        parameters: Mapping[str, str] | None = None,
        *,
        etag: str | None = None,
        kind: Kind = Kind.LIST,
        take: Collection[int] = (),
    ) -> Answer:
        """Ask for one page until it is whole.

        Args:
            path: Path below the base, or a path and query that an answer named.
            parameters: Parameters of the query.
            etag: Validator; when it still holds, the answer is a 304 without a body.
            kind: What the body must be.
            take: Further statuses that are answers for the caller; a 403 that is a limit is none.

        Raises:
            RetryLaterError: It can't be had now; run again later.
            RemoteError: GitHub refuses; the message says what to do.
        """
        headers = self._headers(kind) | conditional(etag)
        attempt = hops = 0
        while True:
            attempt += 1
            path = self._settled(path)
            answer, reply = self._ask(path, parameters, headers, kind)
            decision = decide(reply, attempt=attempt, now=self._now(), jitter=self._jitter())
            taken = isinstance(decision, Refused) and decision.status in take
            if answer is not None and (answer.status in (200, 304) or taken):
                return answer
            if not isinstance(decision, Follow):
                self._bear(decision, path, reply)
                continue
            attempt, hops = attempt - 1, hops + 1
            if hops > _REDIRECTS:
                raise RemoteError(f"{self.base.host} sends {path} round in circles.")
            target = self.base.path(decision.location)
            parameters = None if "?" in target else parameters
            if decision.remember:
                self._remember(path, target)
            path = target

    def pages(self, first: Answer, *, take: Collection[int] = ()) -> Iterator[Answer]:
        """Give a page and those that follow it, asking for each only when it is wanted.

        Args:
            first: The first page.
            take: As for `get`; an answer of such a status is the last that is given.

        Raises:
            RemoteError: A page names one as the next that was given before.
        """
        page, kind, asked = first, _kind_of(first), set[str]()
        yield page
        while page.next is not None:
            if page.next in asked:
                raise RemoteError(f"{self.base.host} gives the same page twice: {first.path}.")
            asked.add(page.next)
            page = self.get(page.next, kind=kind, take=take)
            yield page

    def post_graphql(self, query: str, variables: Mapping[str, Any]) -> dict[str, Any]:
        """Ask GraphQL once it lets us, and return its whole answer (`data` and `errors`).

        Raises:
            RetryLaterError: It can't be had now.
            RemoteError: It refuses.
        """
        attempt = 0
        while True:
            attempt += 1
            reply, document = self._post({"query": query, "variables": dict(variables)})
            if document is not None and not _is_limited(document):
                return document
            if document is not None:
                headers = {**reply.headers, "x-ratelimit-remaining": "0"}
                reply = Reply(403, headers, "rate limit")
            decision = decide(reply, attempt=attempt, now=self._now(), jitter=self._jitter())
            if isinstance(decision, Proceed | Follow):
                decision = Refused(reply.status or 0)
            self._bear(decision, "/graphql", reply)

    def _headers(self, kind: Kind | None = None) -> dict[str, str]:
        media = "application/vnd.github.sha" if kind is Kind.SHA else "application/vnd.github+json"
        headers = {
            "Accept": media,
            "User-Agent": f"prodlens/{__version__}",
            "X-GitHub-Api-Version": API_VERSION,
        }
        return headers | ({"Authorization": f"Bearer {self._token}"} if self._token else {})

    def _ask(
        self,
        path: str,
        parameters: Mapping[str, str] | None,
        headers: Mapping[str, str],
        kind: Kind,
    ) -> tuple[Answer | None, Reply]:
        """Send once; no answer when the line broke or the body isn't whole."""
        self.usage.calls += 1
        try:
            response = self._session.get(
                self.base.url(path), headers=headers, params=parameters, timeout=_TIMEOUT_S
            )
            found = lower(response.headers)
            status = int(response.status_code)
            body = body_of(response, found, kind) if status == 200 else None
            message = message_of(response) if status >= 400 else ""
        except (OSError, HTTPException, ValueError) as error:
            log.debug("no whole answer", extra={"path": path, "kind": type(error).__name__})
            return None, Reply(None, {})
        self._note(found)
        if status == 304:
            if "If-None-Match" not in headers:
                return None, Reply(None, {})
            self.usage.not_modified += 1
        path = self._landed(path, response)
        target = links(found.get("link", ""))
        following, last = (
            self.base.path(target[name]) if name in target else None for name in ("next", "last")
        )
        return Answer(status, found, body, path, following, last), Reply(status, found, message)

    def _post(self, document: Mapping[str, Any]) -> tuple[Reply, dict[str, Any] | None]:
        self.usage.points += 1
        post = getattr(self._session, "post")  # noqa: B009 - only some sessions have it
        try:
            response = post(
                self.base.graphql, json=document, headers=self._headers(), timeout=_TIMEOUT_S
            )
            found, status = lower(response.headers), int(response.status_code)
            answer = body_of(response, found, Kind.OBJECT) if status == 200 else None
            message = message_of(response) if status >= 400 else ""
        except (OSError, HTTPException, ValueError):
            return Reply(None, {}), None
        return Reply(status, found, message), answer

    def _note(self, headers: Mapping[str, str]) -> None:
        for name in ("remaining", "limit"):
            if (told := whole(headers.get(f"x-ratelimit-{name}", ""))) is not None:
                setattr(self.usage, name, told)

    def _bear(self, decision: object, path: str, reply: Reply) -> None:
        """Wait, or say why not."""
        match decision:
            case Wait(seconds, limit) if seconds <= self._max_wait_s or not limit:
                log.info("waiting", extra={"seconds": seconds, "limit": limit, "path": path})
                self.usage.waited_s += seconds
                (self._sleep or time.sleep)(seconds)
            case Wait(seconds, _):
                raise LimitedError(
                    refusals.limited(seconds, self._max_wait_s, named=self._token is not None)
                )
            case GiveUp(overloaded):
                kind = OverloadedError if overloaded else RetryLaterError
                raise kind(refusals.gave_up(self.base.host, reply.status))
            case _:
                raise RemoteError(
                    refusals.refused(
                        path, reply, host=self.base.host, named=self._token is not None
                    )
                )

    def _settled(self, path: str) -> str:
        """Return where a path leads that was found to have moved."""
        root = repository_root(path)
        return path.replace(root, self._moved[root], 1) if root and root in self._moved else path

    def _remember(self, path: str, target: str) -> None:
        before, after = repository_root(path), repository_root(target)
        if before and after and before != after:
            self._moved[before] = after

    def _landed(self, path: str, response: Any) -> str:
        """Return the path that answered: some sessions follow moved addresses by themselves."""
        if not getattr(response, "history", None):
            return path
        landed = self.base.path(str(response.url))
        self._remember(path, landed)
        return landed


def open_session() -> Session:
    """Return a `requests` session; requests is imported here, not before it is needed."""
    from prodlens.sources.github.web import WebSession

    return WebSession()


def _checked(token: str | None) -> str | None:
    """Return a token without the line break that files add; what can't be one is refused."""
    text = (token or "").strip()
    if not text:
        return None
    if not _TOKEN.fullmatch(text):
        raise InputError(
            "The GitHub token holds spaces or unusual characters: copy it anew, as one word."
        )
    return text


def _kind_of(page: Answer) -> Kind:
    return Kind.OBJECT if isinstance(page.body, dict) else Kind.LIST


def _is_limited(document: Mapping[str, Any]) -> bool:
    """Return whether GraphQL says, with status 200, that its points are used up."""
    errors = document.get("errors")
    kinds = [error.get("type") for error in errors or () if isinstance(error, dict)]
    return "RATE_LIMITED" in kinds or "RATE_LIMIT" in kinds
