"""Owns the additive figures of calls: what is summed, as SQL over `sessions`; writes nothing.

The same sums stand by day in `daily_calls`. Also what is known of the store as a whole. Computes
no metric and no ratio; which days are read from which table is decided in
`prodlens.storage.slices`.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from prodlens.storage.persons import PROVENANCE
from prodlens.storage.rollup_sql import ACCEPTED, BY_PEOPLE, DECIDED

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from prodlens.storage.where import Clause

_FAILED: Final = "(coalesce(status_code, 0) >= 400 or error_type is not null)"
"""Error as api.md defines it; never NULL."""
_OUTCOME_KNOWN: Final = "(status_code is not null or error_type is not null)"
_TOKENS: Final = "coalesce(total_tokens, coalesce(tokens_in, 0) + coalesce(tokens_out, 0))"
"""What is known of a call's tokens: one known part counts, the other is not invented."""
_TOKENS_KNOWN: Final = "coalesce(total_tokens, tokens_in, tokens_out) is not null"
_DURATION: Final = "(latency_ms >= 0 and latency_ms < 9e999)"
"""A duration that can be one; 9e999 is infinity in SQLite."""
_WITH_LINES: Final = f"({ACCEPTED} and accepted_lines is not null)"
_LINES_AND_TOKENS: Final = f"({_WITH_LINES} and {_TOKENS_KNOWN})"
_KEPT: Final = f"(diff_ratio between 0 and 1 and {BY_PEOPLE})"
HIGH_DIFF_RATIO: Final = 0.7
"""Share kept from which on a suggestion counts as kept well."""
_CHUNK: Final = 1_000_000_000
"""Sums are read as whole billions and the rest, so that no sum overflows 64 bits."""
_STEP: Final = 2**30
"""Shares are summed in whole steps of 2^-60, in two halves: the same sum for any order of rows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFigures:
    """Counts and exact sums over some calls; every figure adds up over disjoint groups.

    Attributes:
        calls: Rows.
        model_known: Rows that name a model.
        session_known: Rows with a session id.
        developer_known: Rows with a developer id.
        repo_known: Rows with a repository.
        latency_known: Rows with a duration of 0 or more.
        latency_negative: Rows whose duration is negative; they are in no other figure of time.
        outcome_known: Rows with a status or an error type.
        errors: Rows with a status of 400 or more, or an error type.
        decided: Rows with a proposal that a person accepted or rejected.
        accepted: Rows with a proposal that a person accepted.
        automatic: Rows whose proposals settings and modes let pass; in neither of these.
        tokens_known: Rows with any known token count.
        tokens: Sum of known tokens.
        accepted_tokens_known: Accepted rows with known tokens.
        accepted_tokens: Sum of their tokens.
        lines_known: Accepted rows with a known number of accepted lines.
        lines: Sum of those lines.
        lines_tokens_known: Accepted rows with both known.
        lines_tokens: Sum of their tokens.
        lines_with_tokens: Sum of their lines.
        diff_known: Rows with a share kept between 0 and 1.
        diff_sum: Sum of those shares.
        diff_high: Rows whose share is at least the threshold.
        priced: Rows with a known cost.
        cost_nanos: Exact sum of known costs, nano-dollars.
        subscription: Rows on a subscription.
        subscription_priced: Those with a known cost.
        subscription_nanos: Exact sum of their costs.
    """

    calls: int = 0
    model_known: int = 0
    session_known: int = 0
    developer_known: int = 0
    repo_known: int = 0
    latency_known: int = 0
    latency_negative: int = 0
    outcome_known: int = 0
    errors: int = 0
    decided: int = 0
    accepted: int = 0
    automatic: int = 0
    tokens_known: int = 0
    tokens: int = 0
    accepted_tokens_known: int = 0
    accepted_tokens: int = 0
    lines_known: int = 0
    lines: int = 0
    lines_tokens_known: int = 0
    lines_tokens: int = 0
    lines_with_tokens: int = 0
    diff_known: int = 0
    diff_sum: float = 0.0
    diff_high: int = 0
    priced: int = 0
    cost_nanos: int = 0
    subscription: int = 0
    subscription_priced: int = 0
    subscription_nanos: int = 0


FIGURES: Final = tuple(field.name for field in dataclasses.fields(CallFigures))

_COUNTED: Final = {
    "model_known": "model is not null",
    "session_known": "session_id is not null",
    "developer_known": "developer_id is not null",
    "repo_known": "repo_slug is not null",
    "latency_known": _DURATION,
    "latency_negative": "latency_ms < 0",
    "outcome_known": _OUTCOME_KNOWN,
    "errors": _FAILED,
    "decided": DECIDED,
    "accepted": ACCEPTED,
    "automatic": f"(accepted_flag is 1 and not {BY_PEOPLE})",
    "tokens_known": _TOKENS_KNOWN,
    "accepted_tokens_known": f"({ACCEPTED} and {_TOKENS_KNOWN})",
    "lines_known": _WITH_LINES,
    "lines_tokens_known": _LINES_AND_TOKENS,
    "diff_known": _KEPT,
    "diff_high": f"({_KEPT} and diff_ratio >= {HIGH_DIFF_RATIO})",
    "priced": "cost_nanos is not null",
    "subscription": "subscription = 1",
    "subscription_priced": "(subscription = 1 and cost_nanos is not null)",
}
_SUMMED: Final = {
    "tokens": (_TOKENS, "1"),
    "accepted_tokens": (_TOKENS, ACCEPTED),
    "lines": ("accepted_lines", _WITH_LINES),
    "lines_tokens": (_TOKENS, _LINES_AND_TOKENS),
    "lines_with_tokens": ("accepted_lines", _LINES_AND_TOKENS),
    "cost_nanos": ("cost_nanos", "1"),
    "subscription_nanos": ("cost_nanos", "subscription = 1"),
}


def _provenance(kind: str) -> dict[str, str]:
    """Return how often each provenance of an id stands, for ids that do."""
    known, source = f"{kind}_id is not null", f"{kind}_source"
    told = {f"{kind}_{name}": f"({known} and {source} is '{name}')" for name in PROVENANCE[:-2]}
    return told | {f"{kind}_unsaid": f"({known} and coalesce({source}, 'unsaid') = 'unsaid')"}


def _columns() -> dict[str, str]:
    found = {"calls": "count(*)"}
    sums = {
        name: {
            f"{name}{part}": f"case when {test} then coalesce({what}, 0) {operator} {_CHUNK} else 0 end"
            for operator, part in (("/", "_whole"), ("%", "_rest"))
        }
        for name, (what, test) in _SUMMED.items()
    }
    sums["diff_sum"] = {
        "diff_sum_whole": f"case when {_KEPT} then cast(diff_ratio * {_STEP} as integer) end",
        "diff_sum_rest": f"case when {_KEPT} then cast((diff_ratio * {_STEP}"
        f" - cast(diff_ratio * {_STEP} as integer)) * {_STEP} as integer) end",
    }
    for name in FIGURES[1:]:
        parts = sums.get(name) or {name: _COUNTED[name]}
        found |= {part: f"coalesce(sum({what}), 0)" for part, what in parts.items()}
    for kind in ("session", "developer"):
        found |= {name: f"coalesce(sum({test}), 0)" for name, test in _provenance(kind).items()}
    return found


COLUMNS: Final = _columns()
"""What is summed over calls, as SQL by column of `daily_calls`; every one is a whole number."""
NAMES: Final = tuple(COLUMNS)
_SUMS: Final = ", ".join(f"{what} as {name}" for name, what in COLUMNS.items())
_BY_MODEL: Final = f"select model, {_SUMS} from sessions where {{where}} group by model"
_SPAN: Final = """
select
    (select min(event_date) from sessions where {where}),
    (select max(event_date) from sessions where {where})
"""
_SPAN_ELSEWHERE: Final = """
select min({day}), max({day}) from sessions
where {where} and event_date in (:first_day, :last_day)
"""
"""The same in another zone: its first day has calls of the first UTC day, its last of the last."""
_KNOWN_REPOSITORIES: Final = """
with recursive named (slug) as (
    select (select min(repo_slug) from sessions)
    union all
    select (select min(repo_slug) from sessions where repo_slug > slug)
    from named where slug is not null
)
select lower(slug) as slug from repositories where slug <> ''
union select lower(slug) from repo_aliases
union select slug from named where slug is not null
order by slug
"""
_HAS_CALLS: Final = "select exists (select 1 from sessions)"
_OPEN_DEAD_LETTERS: Final = "select count(*) from dead_letters where status = 'open'"


@dataclass(frozen=True, slots=True, kw_only=True)
class DistinctFigures:
    """Figures that don't add up over groups.

    Attributes:
        sessions: Distinct session ids.
        developers: Distinct people: developer ids, and one for those that are one person's.
        active_hours: Distinct pairs of person (or 'unknown') and UTC clock hour.
        days: Days with calls, of the slice's zone.
        first_call: First call, aware UTC; None when there is none.
        last_call: Last call, aware UTC; None when there is none.
    """

    sessions: int = 0
    developers: int = 0
    active_hours: int = 0
    days: int = 0
    first_call: datetime | None = None
    last_call: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Latencies:
    """Durations in ms.

    Attributes:
        every: All known durations, ascending.
        without_errors: Those of calls that are not known to have failed, ascending.
        digest: SHA-256 of both, UTC day by UTC day; '' when they were not read.
    """

    every: Sequence[float] = ()
    without_errors: Sequence[float] = ()
    digest: str = ""


def by_model(conn: sqlite3.Connection, where: Clause) -> dict[str | None, CallFigures]:
    """Return the figures of each model of some rows; the key None holds calls without a model.

    Args:
        conn: The database.
        where: Condition on `sessions`, of `prodlens.storage.where.sessions`.
    """
    rows = conn.execute(_BY_MODEL.format(where=where.sql), where.parameters)
    return {row[0]: figures(row[1:]) for row in rows}


def exact(whole: int, rest: int) -> int:
    """Return a sum from its two halves."""
    return whole * _CHUNK + rest


def figures(sums: Sequence[int]) -> CallFigures:
    """Return the figures of some calls from the sums of `COLUMNS`, in their order."""
    said = dict(zip(NAMES, sums, strict=True))
    found: dict[str, Any] = {
        name: exact(said[f"{name}_whole"], said[f"{name}_rest"])
        if name in _SUMMED
        else said.get(name)
        for name in FIGURES
    }
    found["diff_sum"] = (said["diff_sum_whole"] * _STEP + said["diff_sum_rest"]) / _STEP**2
    return CallFigures(**found)


def total(groups: Iterable[CallFigures]) -> CallFigures:
    """Return the figures of disjoint groups taken together; all zero for no group."""
    rows = list(groups)
    sums: dict[str, Any] = {name: sum(getattr(row, name) for row in rows) for name in FIGURES}
    sums["diff_sum"] = math.fsum(row.diff_sum for row in rows)
    return CallFigures(**sums)


def days_with_data(conn: sqlite3.Connection, where: Clause) -> tuple[date, date] | None:
    """Return the first and the last day with calls of a slice, of its zone; None when empty."""
    first, last = conn.execute(_SPAN.format(where=where.sql), where.parameters).fetchone()
    if where.day != "event_date":
        statement = _SPAN_ELSEWHERE.format(where=where.sql, day=where.day)
        ends = {"first_day": first, "last_day": last}
        first, last = conn.execute(statement, where.parameters | ends).fetchone()
    return None if first is None else (date.fromisoformat(first), date.fromisoformat(last))


def known_repositories(conn: sqlite3.Connection) -> list[str]:
    """Return every repository that a call or a delivery belongs to, old names included, sorted."""
    return [row["slug"] for row in conn.execute(_KNOWN_REPOSITORIES)]


def has_calls(conn: sqlite3.Connection) -> bool:
    """Return whether the store holds any call at all."""
    return bool(conn.execute(_HAS_CALLS).fetchone()[0])


def open_dead_letters(conn: sqlite3.Connection) -> int:
    """Return how many records were set aside and still wait, over the whole store."""
    return int(conn.execute(_OPEN_DEAD_LETTERS).fetchone()[0])
