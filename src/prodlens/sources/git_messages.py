"""Owns what a commit message says: pull request, revert, AI trailers; knows neither git nor store.

Conventions read here: GitHub's merge, squash and revert messages, git's own revert message, and the
trailers that assistants add.
Source: docs.github.com "About pull request merges", git-revert(1), git-interpret-trailers(1).
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from prodlens.sources.ai_trailers import AiSign, Role, tool_vendor, trailer_sign

_LONGEST_SUBJECT: Final = 1000
_MERGE: Final = re.compile(r"Merge pull request #([1-9]\d{0,8}) from (\S+)")
_AT_END: Final = re.compile(r"\(#([1-9]\d{0,8})\)\s*$")
_REVERT: Final = re.compile(r'Revert "(.*)"')
_REVERTED_SHA: Final = re.compile(r"\bThis reverts commit ([0-9a-f]{7,64})\b", re.IGNORECASE)
_REVERTED_NUMBER: Final = re.compile(r"^Reverts ([\w.-]+/[\w.-]+)?#([1-9]\d{0,8})\b", re.MULTILINE)
_TRAILER: Final = re.compile(
    r"^[ \t]*(co-authored-by|assisted-by|generated-by|claude-generated-by|made-with|claude-session)"
    r"[ \t]*:[ \t]*(\S.*)$",
    re.IGNORECASE | re.MULTILINE,
)
_GENERATED: Final = re.compile(r"\bGenerated with \[([^\[\]\n]{1,40})\]", re.IGNORECASE)
_HINTS: Final = ("-by", "made-with", "claude-session")


class Message(NamedTuple):
    """What a commit message says.

    Attributes:
        subject: Its first line, at most 1,000 characters.
        merged_number: Number of the pull request that a merge message names.
        head_ref: Branch of that pull request, without its owner.
        title: Title of the pull request that is merged or may be: the line below a merge's subject,
            else the subject without the number at its end; None when missing.
        subject_number: Number in brackets at the end of the subject: a pull request or an issue.
        reverts_sha: Commit that is reverted, in hex as written, lower case.
        reverts_number: Pull request that is reverted.
        reverts_slug: Repository that number belongs to, lower case; None is this one.
        signs: Signs of AI assistance, each once.
    """

    subject: str
    merged_number: int | None
    head_ref: str | None
    title: str | None
    subject_number: int | None
    reverts_sha: str | None
    reverts_number: int | None
    reverts_slug: str | None
    signs: tuple[AiSign, ...]


def read_message(text: str) -> Message:
    """Return what a whole commit message says; never raises."""
    text = text.lstrip("\n")
    subject, _, body = text.partition("\n")
    subject = subject.strip()[:_LONGEST_SUBJECT]
    merge = _MERGE.match(subject)
    at_end = _AT_END.search(subject)
    reverts_sha, reverts_number, reverts_slug = _reverted(subject, body)
    return Message(
        subject,
        int(merge[1]) if merge else None,
        (merge[2].partition("/")[2] or None) if merge else None,
        _first_line(body) if merge else subject[: at_end.start()].strip() if at_end else None,
        int(at_end[1]) if at_end and not merge else None,
        reverts_sha,
        reverts_number,
        reverts_slug,
        _signs(text),
    )


def _first_line(body: str) -> str | None:
    line = body.lstrip().partition("\n")[0].strip()
    return line[:_LONGEST_SUBJECT] or None


def _reverted(subject: str, body: str) -> tuple[str | None, int | None, str | None]:
    if "everts " not in body and not subject.startswith("Revert "):
        return None, None, None
    sha = _REVERTED_SHA.search(body)
    number = _REVERTED_NUMBER.search(body)
    quoted = _REVERT.match(subject)
    inside = _AT_END.search(quoted[1]) if quoted and number is None else None
    return (
        sha[1].lower() if sha else None,
        int(number[2]) if number else int(inside[1]) if inside else None,
        number[1].lower() if number and number[1] else None,
    )


def _signs(text: str) -> tuple[AiSign, ...]:
    """Return every sign once: a squash merge repeats the trailers of all its commits."""
    lowered = text.lower()
    found: list[AiSign | None] = []
    if any(map(lowered.__contains__, _HINTS)):  # most messages have none, and this is quicker
        found += [trailer_sign(key, value) for key, value in _TRAILER.findall(text)]
    if "generated with [" in lowered:
        found += [_generated(tool) for tool in _GENERATED.findall(text)]
    return tuple({sign[:2]: sign for sign in found if sign}.values())


def _generated(tool: str) -> AiSign | None:
    name = tool.strip()
    vendor = tool_vendor(name)
    if vendor is None:
        return None
    return AiSign("generated-with", name, vendor, None, Role.AUTHOR, None)
