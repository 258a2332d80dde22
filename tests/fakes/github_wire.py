"""What passes between a client and the fake: requests, responses, sessions, and faults."""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from fakes.fake_github import FakeGithub

TOKEN = "ghp_notasecretbutnevershown0123456789"  # noqa: S105 - invented
OTHER_TOKEN = "ghp_anothertokenofthesameperson9876"  # noqa: S105 - invented
SHA_MEDIA = "application/vnd.github.sha"


class CrashError(Exception):
    """The process under test dies here."""


@dataclass
class Request:
    """What was asked.

    Attributes:
        number: 1 for the first request.
        path: Path below the base, without the query.
        query: The parameters.
        status: What was answered; 0 when nothing was.
    """

    number: int
    method: str
    url: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    status: int = 0


@dataclass
class Response:
    """An answer in the shape of `requests`."""

    status_code: int
    headers: dict[str, str]
    content: bytes = b""

    @property
    def text(self) -> str:
        """Return the body as text."""
        return self.content.decode()

    def json(self) -> Any:
        """Return the body as JSON; ValueError when it is none."""
        return json.loads(self.content)


@dataclass
class Answered:
    """What a route gives before headers are put around it."""

    body: Any
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


Fault = str
"""html502, html503, reset, timeout, cut, crash, secondary, secondary_plain, limit429, forbidden."""


class FakeSession:
    """A session that asks the fake directly; it follows no moved address, as httpx does not."""

    def __init__(self, github: FakeGithub) -> None:
        self.github = github

    def get(
        self,
        url: str,
        *,
        headers: Mapping[str, str],
        params: Mapping[str, str] | None = None,
        timeout: float,
    ) -> Response:
        """Answer a GET."""
        assert timeout > 0
        assert url.startswith(self.github.base + "/"), f"the token went to {url}"
        if params:
            url += ("&" if "?" in url else "?") + urlencode(params)
        return self.github.handle("GET", url, headers)


class PostingSession(FakeSession):
    """A session that can post."""

    def post(
        self, url: str, *, json: Mapping[str, Any], headers: Mapping[str, str], timeout: float
    ) -> Response:
        """Answer a POST."""
        assert timeout > 0
        return self.github.handle("POST", url, headers, json)


def nth(*numbers: int, fault: Fault) -> Callable[[Request], Fault | None]:
    """Return a rule that lets some requests fail, by their number."""
    return lambda request: fault if request.number in numbers else None


@contextlib.contextmanager
def once(github: FakeGithub, matching: str, fault: Fault) -> Iterator[None]:
    """Let the first request whose address holds a text fail, inside the block."""
    left = [fault]

    def rule(request: Request) -> Fault | None:
        return left.pop() if left and matching in request.url else None

    github.faults.append(rule)
    yield
    github.faults.remove(rule)
