"""Owns whether a span failed and how its error is named, for every convention.

Looks at OTel's status, HTTP status and the names of errors; never at messages.

Source: OpenTelemetry "Recording errors" (`error.type`, `exception.type`), HTTP conventions
(`http.response.status_code`, formerly `http.status_code`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from prodlens.sources import fields, otlp

if TYPE_CHECKING:
    from prodlens.sources.otlp import Span

UNNAMED: Final = "error"
"""Type of an error whose span names none."""
_CODES: Final = (
    "http.response.status_code",
    "http.status_code",
    "error.code",
    "error.status_code",
    "status_code",
)
_FAILED: Final = 400


class Failure(NamedTuple):
    """How a span ended; a failure has a status >= 400, an error type, or both."""

    failed: bool
    status_code: int | None
    error_type: str | None


def failure_of(span: Span) -> Failure:
    """Return how a span ended.

    `error.type` may itself be an HTTP status; the name of a class loses its modules, so that one
    error has one name in every source.
    """
    attributes = span.attributes
    code = next((found for name in _CODES if (found := fields.status(attributes.get(name)))), None)
    word = attributes.get("error.type")
    if (spoken := fields.status(word)) is not None:
        code, word = (code if (code or 0) >= _FAILED else spoken), None
    kind = fields.error_type(_plain(word))
    if span.status_code != otlp.STATUS_ERROR and kind is None and (code or 0) < _FAILED:
        return Failure(failed=False, status_code=code, error_type=None)
    if kind is None:
        kind = fields.error_type(_plain(span.exception or attributes.get("exception.type")))
    code = code if (code or 0) >= _FAILED else None
    return Failure(failed=True, status_code=code, error_type=kind or (None if code else UNNAMED))


def _plain(name: object) -> object:
    """Return the name of a class without its modules (`litellm.exceptions.RateLimitError`)."""
    found = fields.text(name)
    return None if found is None else found.rpartition(".")[2] or found
