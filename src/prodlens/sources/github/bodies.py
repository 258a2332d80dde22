"""Decides whether a response is whole, and what it holds; sends nothing.

A body that was cut on the way may still be readable: every answer is checked before it counts.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

_NUMBER: Final = re.compile(r"[0-9]{1,18}")
_SHA: Final = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


class Kind(StrEnum):
    """What an answer must hold to be whole."""

    LIST = "list"
    OBJECT = "object"
    SHA = "sha"


def lower(headers: Mapping[str, Any] | None) -> dict[str, str]:
    """Return headers by lower-case name: plain dicts and HTTP/2 write them differently."""
    told = (headers or {}).items()
    return {str(name).lower(): str(value) for name, value in told if value is not None}


def body_of(response: Any, headers: Mapping[str, str], kind: Kind) -> Any:
    """Return a body that is whole.

    Raises:
        ValueError: It was cut, or is something else.
    """
    content = getattr(response, "content", None)
    told = headers.get("content-length", "")
    plain = "content-encoding" not in headers and "transfer-encoding" not in headers
    if (
        isinstance(content, bytes)
        and _NUMBER.fullmatch(told)
        and plain
        and len(content) != int(told)
    ):
        raise ValueError("cut")
    if kind is Kind.SHA:
        return _sha(response, headers)
    body = response.json()
    if not isinstance(body, list if kind is Kind.LIST else dict):
        raise ValueError("another shape")  # noqa: TRY004 - what a server says is a value, not a type
    return body


def _sha(response: Any, headers: Mapping[str, str]) -> str:
    text = _text(response).strip()
    if not text or text[0] in '{"':  # a server or client that doesn't know the media type
        document = response.json()  # what was cut is no JSON
        text = str(document.get("sha") if isinstance(document, dict) else document)
    told = headers.get("etag", "").removeprefix("W/").strip('"')  # for this type, the hash itself
    is_cut = len(told) > len(text) and told.startswith(text)
    if not text or is_cut or (text != told and not _SHA.fullmatch(text)):
        raise ValueError("no whole hash")
    return text


def _text(response: Any) -> str:
    """Return the body as text; empty when a client gives JSON alone."""
    text = getattr(response, "text", None)
    if isinstance(text, str):
        return text
    content = getattr(response, "content", None)  # some clients give bytes alone
    return content.decode(errors="replace") if isinstance(content, bytes) else ""


def message_of(response: Any) -> str:
    """Return what GitHub says in words with an error; empty when it isn't JSON."""
    try:
        document = response.json()
    except ValueError:
        return ""
    said = document.get("message") if isinstance(document, dict) else None
    return said if isinstance(said, str) else ""
