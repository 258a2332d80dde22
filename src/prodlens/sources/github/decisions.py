"""Decides what to do after an answer: go on, follow, wait and try again, or stop; pure.

Sends nothing and sleeps nowhere. Waits come from GitHub's own headers and its own `Date`: a
computer with a wrong clock would sleep not at all, or for an hour.
Source: docs.github.com "Rate limits for the REST API", "Best practices for using the REST API".
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

TRIES: Final = 5
LONG_AGO: Final = datetime(1971, 1, 1, tzinfo=UTC)
"""Stands for the time of a server that doesn't tell it, where no other clock will do."""
_PERMANENT: Final = frozenset({301, 308})
_TEMPORARY: Final = frozenset({302, 303, 307})
_LIMITING: Final = frozenset({403, 429})
_OVERLOADED: Final = frozenset({502, 504})
_SECONDARY_S: Final = 60.0
_WHOLE: Final = re.compile(r"[0-9]{1,10}")
_LIMIT_WORDS: Final = ("rate limit", "abuse", "too many requests", "wait a few minutes")


class Reply(NamedTuple):
    """What is known of an answer, or of the lack of one.

    Attributes:
        status: HTTP status; None when the line broke, or the body was cut or unreadable.
        headers: Headers by lower-case name.
        message: What GitHub says in words; empty when it says nothing.
    """

    status: int | None
    headers: Mapping[str, str]
    message: str = ""


class Proceed(NamedTuple):
    """The answer is what was asked for."""


class Follow(NamedTuple):
    """Ask at another address; `remember` when it has moved for good."""

    location: str
    remember: bool


class Wait(NamedTuple):
    """Try again after some seconds; `limit` when GitHub said so, not an accident."""

    seconds: float
    limit: bool


class GiveUp(NamedTuple):
    """It failed too often; nothing is lost. `overloaded` when a smaller page may be answered."""

    overloaded: bool


class Refused(NamedTuple):
    """GitHub won't answer this, however often it is asked."""

    status: int


Decision = Proceed | Follow | Wait | GiveUp | Refused


def decide(reply: Reply, *, attempt: int, now: datetime, jitter: float) -> Decision:
    """Return what to do after a reply.

    Args:
        reply: The reply.
        attempt: How often this request was sent, 1 for the first time.
        now: The present, used only when the reply has no `Date`.
        jitter: Seconds added to a wait after an accident, 0 to 1.
    """
    status = reply.status
    if status is not None and (status in (200, 201, 304)):
        return Proceed()
    if status is not None and status in _PERMANENT | _TEMPORARY:
        location = reply.headers.get("location", "")
        return Follow(location, status in _PERMANENT) if location else Refused(status)
    if status in _LIMITING and (seconds := limit_wait(reply, attempt, now)) is not None:
        return GiveUp(overloaded=False) if attempt >= TRIES else Wait(seconds, limit=True)
    if status is None or status == 408 or status >= 500:
        if attempt >= TRIES:
            return GiveUp(overloaded=status in _OVERLOADED)
        return Wait(2.0**attempt + jitter, limit=False)
    return Refused(status)


def limit_wait(reply: Reply, attempt: int, now: datetime) -> float | None:
    """Return for how many seconds a 403 or 429 asks us to wait; None when it is no limit.

    In GitHub's order: `retry-after`; no calls left -> the reset; a limit that is not told in
    numbers -> a minute, doubling. A 403 that gives another reason is a refusal.
    """
    headers = reply.headers
    if (after := headers.get("retry-after")) is not None:
        return _retry_after(after, headers, now, attempt)
    if headers.get("x-ratelimit-remaining", "").strip() == "0":
        if (reset := whole(headers.get("x-ratelimit-reset", ""))) is not None:
            at = datetime.fromtimestamp(reset, UTC)
            return max((at - server_time(headers, now)).total_seconds(), 0.0) + 1.0
        return _doubling(attempt)
    said = reply.message.lower()
    if reply.status == 429 or not said or any(word in said for word in _LIMIT_WORDS):
        return None if "x-github-sso" in headers else _doubling(attempt)
    return None


def server_time(headers: Mapping[str, str], now: datetime) -> datetime:
    """Return the time of the server, aware UTC; `now` when it doesn't tell."""
    return _http_date(headers.get("date", "")) or now


def whole(text: str) -> int | None:
    """Return the number that a header tells; None when it is none that can be meant.

    >>> whole(" 4867 "), whole("-1"), whole("9" * 400)
    (4867, None, None)
    """
    text = text.strip()
    return int(text) if _WHOLE.fullmatch(text) else None


def _retry_after(text: str, headers: Mapping[str, str], now: datetime, attempt: int) -> float:
    if (seconds := whole(text)) is not None:
        return max(float(seconds), 1.0)
    if (moment := _http_date(text)) is not None:
        return max((moment - server_time(headers, now)).total_seconds(), 1.0)
    return _doubling(attempt)


def _doubling(attempt: int) -> float:
    return float(_SECONDARY_S * 2 ** (attempt - 1))


def _http_date(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError, IndexError):
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
