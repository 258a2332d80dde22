"""Decides which keys of failed attempts join them with other records; pure, no SQL.

Telemetry tells every attempt of a request under the request's id and the number of the attempt. The
transcript tells the last one alone, under the request's id: so only the last attempt is joined by
that id, and none where the request was answered in the end.

Source: sources.md 4b (errors are known by request id and attempt).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from prodlens.storage.identity_keys import key_digest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prodlens.storage.merging import Observation

_ATTEMPT: Final = "claude_attempt:"
_REQUEST: Final = "request:"


def joining(records: Sequence[Observation]) -> list[tuple[int, ...]]:
    """Return for each record the digests of the keys that join it with others.

    Args:
        records: All records that may be one call; the outcome is a function of their set.
    """
    attempts = [_attempt(record.identity) for record in records]
    last: dict[str, int] = {}
    for found in attempts:
        if found is not None:
            last[found[0]] = max(found[1], last.get(found[0], 0))
    if not last:
        return [record.digests for record in records]
    answered = {record.identity for record in records if record.trace.error_type is None}
    return [
        record.digests if found is None else _own(record, found, last, answered)
        for record, found in zip(records, attempts, strict=True)
    ]


def _own(
    record: Observation, attempt: tuple[str, int], last: dict[str, int], answered: set[str]
) -> tuple[int, ...]:
    request, number = attempt
    if number == last[request] and f"{_REQUEST}{request}" not in answered:
        return record.digests
    shared = key_digest(f"{_REQUEST}{request}")
    return tuple(digest for digest in record.digests if digest != shared)


def _attempt(identity: str) -> tuple[str, int] | None:
    """Return the request and the number of an attempt that a key names."""
    if not identity.startswith(_ATTEMPT):
        return None
    request, _, number = identity.removeprefix(_ATTEMPT).rpartition("/")
    return (request, int(number)) if number.isdecimal() else None
