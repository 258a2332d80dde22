"""Reads the log of Acme's assistant: one JSON line per call, times in milliseconds.

{"acme_call": "c-1", "at": 1795372681000, "took": 250, "who": "ada", "chat": "s-1",
 "model": "gpt-4o", "tokens": {"in": 1200, "out": 80}}
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from prodlens.schemas import CanonicalTrace, IdSource, Reject, RejectReason, Skipped, TokensBasis

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from prodlens.schemas import Outcome


class AcmeLog:
    """The adapter: a name, a test, and a reading of one record."""

    name: Final = "acme_log"

    def matches(self, record: Mapping[str, Any], /) -> bool:
        """Return whether a record is a line of Acme's log, by what it holds."""
        return "acme_call" in record or "acme_heartbeat" in record

    def read(self, record: Mapping[str, Any], /, *, now: datetime) -> Iterable[Outcome]:
        """Return the call, why it can't be read, or what the record is instead."""
        if "acme_heartbeat" in record:
            return (Skipped("Acme heartbeat"),)
        at, tokens = record.get("at"), record.get("tokens")
        if type(at) is not int or not 0 < at <= now.timestamp() * 1000:
            return (Reject(RejectReason.BAD_TIMESTAMP, "at"),)
        counts = [tokens.get(name) for name in ("in", "out")] if isinstance(tokens, dict) else []
        if len(counts) != 2 or any(type(one) is not int or one < 0 for one in counts):
            return (Reject(RejectReason.NO_USAGE, "tokens"),)
        took = record.get("took")
        return (
            CanonicalTrace(
                session_id=_text(record.get("chat")),
                session_source=IdSource.EXPLICIT,
                developer_id=_text(record.get("who")),
                developer_source=IdSource.EXPLICIT,
                timestamp=datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=at),
                model=_text(record.get("model")),
                tokens_in=counts[0],
                tokens_out=counts[1],
                tokens_basis=TokensBasis.INCLUSIVE,
                latency_ms=took if type(took) is int and took >= 0 else None,
                status_code=None,
                accepted_flag=None,
                source=self.name,
                native_key=f"acme:{record['acme_call']}",
            ),
        )


def _text(value: object) -> str | None:
    return value.strip()[:200] or None if isinstance(value, str) else None


SOURCE: Final = AcmeLog()
