"""Decides about validators (ETags) as plain values; does no I/O and knows no store.

A validator of the first page may be kept only for a list whose every change alters that page, and
only together with the last row of the walk: see docs/decisions/0008-github-sync.md.
Source: docs.github.com "Best practices for using the REST API", conditional requests; RFC 9110 13.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

if TYPE_CHECKING:
    from collections.abc import Mapping


def endpoint_key(path: str, parameters: Mapping[str, str] | None = None) -> str:
    """Return under which name a validator is kept: path and fixed parameters.

    >>> endpoint_key("/repositories/7/pulls", {"state": "all", "per_page": "100"})
    '/repositories/7/pulls?per_page=100&state=all'
    """
    if not parameters:
        return path
    return f"{path}?{urlencode(sorted(parameters.items()))}"


def conditional(etag: str | None) -> dict[str, str]:
    """Return the header that asks for changes only; the validator travels as it came.

    Quotes and the mark of weakness are part of the value.
    """
    return {"If-None-Match": etag} if etag else {}


def head_validator(sha: str) -> str:
    """Return the validator of a branch's newest commit: for this media type, its hash.

    Source: GitHub's OpenAPI description of `/repos/{owner}/{repo}/commits/{ref}`.
    """
    return f'"{sha}"'
