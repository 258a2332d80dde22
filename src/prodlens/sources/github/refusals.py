"""Owns the words for what GitHub won't do: why, and what a person can do about it; pure.

No token and no text of a server enters: GitHub's own messages may quote addresses and names.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from prodlens.sources.github.decisions import Reply

_PERMISSIONS: Final = re.compile(
    r"[a-z_]{1,40}=[a-z]{1,10}(?:[;,] ?[a-z_]{1,40}=[a-z]{1,10}){0,9}\s*"
)
"""Names of rights and nothing else: `contents=read; pull_requests=read`, or with commas."""


def limited(seconds: float, allowed_s: float, *, named: bool) -> str:
    """Return why a run stops at a limit.

    Args:
        seconds: How long GitHub asks to wait.
        allowed_s: How long we may wait at most.
        named: Whether a token was sent.
    """
    minutes, allowed = math.ceil(seconds / 60), int(allowed_s / 60)
    more = "" if named else " Without a token there are 60 calls an hour: set GITHUB_TOKEN."
    return (
        f"GitHub's rate limit holds for {minutes:,} more minutes, --max-wait allows {allowed:,}. "
        f"What was read is stored: run the same command again later.{more}"
    )


def gave_up(host: str, status: int | None) -> str:
    """Return why a run stops after several tries."""
    what = f"answered {status}" if status else "could not be reached, or its answers were cut"
    return (
        f"{host} {what}, five times in a row. What was read is stored: check the network and "
        "githubstatus.com, then run the same command again."
    )


def refused(path: str, reply: Reply, *, host: str, named: bool) -> str:
    """Return why GitHub refuses a request for good, and what would help."""
    place = path.partition("?")[0]
    if reply.status == 401:
        if named:
            return (
                f"{host} does not know this token (401): it is mistyped, expired or revoked. "
                "Make a new one with reading rights and set GITHUB_TOKEN."
            )
        return f"{host} wants a token (401): set GITHUB_TOKEN; reading rights are enough."
    if reply.status == 403:
        return _forbidden(place, reply, host)
    if reply.status in (404, 410):
        why = (
            "or this token may not see it: it needs reading rights for this repository"
            if named
            else "or it is private: set GITHUB_TOKEN, no token was sent"
        )
        return f"{host} has no {place} ({reply.status}): check owner and name, {why}."
    return f"{host} answered {reply.status} to {place}: this can't be read."


def _forbidden(place: str, reply: Reply, host: str) -> str:
    if "x-github-sso" in reply.headers:
        return (
            f"{host} wants this token to be authorised for the organisation's single sign-on "
            "(403): open github.com/settings/tokens, choose Configure SSO, then run again."
        )
    needed = reply.headers.get("x-accepted-github-permissions", "")
    wish = f" It wants: {needed.strip()}." if _PERMISSIONS.fullmatch(needed) else ""
    return (
        f"{host} does not let this token read {place} (403): give it reading rights for contents, "
        f"issues, metadata and pull requests of this repository.{wish}"
    )
