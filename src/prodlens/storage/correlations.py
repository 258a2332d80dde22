"""SQL behind lag profiles: use by day, and associations that were computed before.

Writing the cache is `prodlens.storage.rollups.insert_correlation_cache`. Computes no statistic and
decides nothing about coverage; days are UTC days.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from prodlens.storage.rollup_sql import (
    ACCEPTED,
    DECIDED,
    FAILED,
    OUTCOME_KNOWN,
    TOKENS,
    TOKENS_KNOWN,
)

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection

    from prodlens.storage.where import Clause

_USAGE: Final = f"""
select event_date, count(*) as calls, count({TOKENS_KNOWN}) as tokens_known,
    total(case when {TOKENS_KNOWN} is not null then {TOKENS} end) as tokens,
    count(cost_nanos) as priced, total(cost_nanos) as cost_nanos,
    sum({DECIDED}) as decided, sum({ACCEPTED}) as accepted,
    sum({OUTCOME_KNOWN}) as outcome_known, sum({FAILED}) as errors
from sessions where {{where}} group by event_date order by event_date
"""
_CACHED: Final = """
select * from correlation_cache
where x_metric = :x and y_metric = :y and scope = :scope and window_start = :window_start
    and correlation_date = :window_end and method_version = :method_version
    and data_fingerprint = :fingerprint
"""
_LOOKS: Final = """
select lag_days, count(distinct window_end) as looks from correlation_cache
where x_metric = :x and y_metric = :y and scope = :scope and window_end <> :window_end
    and p_adj is not null
group by lag_days
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageDay:
    """What the calls of one day add up to, and of how many of them each thing is known.

    Attributes:
        calls: Calls.
        tokens_known: Those with any known token count.
        tokens: Sum of known tokens.
        priced: Those with a known cost.
        cost_nanos: Sum of known costs, nano-dollars.
        decided: Those that somebody accepted or rejected.
        accepted: Those accepted.
        outcome_known: Those with a status or an error type.
        errors: Those that failed.
    """

    calls: int
    tokens_known: int
    tokens: float
    priced: int
    cost_nanos: float
    decided: int
    accepted: int
    outcome_known: int
    errors: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheKey:
    """Which associations: everything but the lag that makes a row of the cache the right one.

    Attributes:
        x: Slug of the exposure.
        y: Slug of the outcome.
        scope: Repository and what else narrows the data; '' is everything.
        window_start: First day that was compared, as text.
        window_end: Last day that was compared, as text.
        method_version: Version of the method.
        fingerprint: Digest of both series and the settings.
    """

    x: str
    y: str
    scope: str
    window_start: str
    window_end: str
    method_version: str
    fingerprint: str

    def parameters(self) -> dict[str, str]:
        """Return the parameters of the statements of this module."""
        return {name: getattr(self, name) for name in self.__slots__}


def usage_by_day(conn: sqlite3.Connection, where: Clause) -> dict[date, UsageDay]:
    """Return what the calls of each day of a slice that has any add up to, in order."""
    rows = conn.execute(_USAGE.format(where=where.sql), where.parameters)
    return {date.fromisoformat(day): UsageDay(**_named(rest)) for day, *rest in rows}


def _named(values: list[Any]) -> dict[str, Any]:
    return dict(zip(UsageDay.__dataclass_fields__, values, strict=True))


def cached(conn: sqlite3.Connection, key: CacheKey) -> dict[int, dict[str, Any]]:
    """Return the rows of the cache by lag; one that other data or settings gave is none of them."""
    return {row["lag_days"]: dict(row) for row in conn.execute(_CACHED, key.parameters())}


def earlier_looks(conn: sqlite3.Connection, key: CacheKey, lags: Collection[int]) -> int:
    """Return at how many other ends of the window one of the lags was tested, at most.

    Args:
        conn: The database.
        key: The pair and its scope, and the present end of the window, which does not count.
        lags: Lags that are looked at; the one that was tested most often decides.
    """
    found = {row["lag_days"]: row["looks"] for row in conn.execute(_LOOKS, key.parameters())}
    return max((found.get(lag, 0) for lag in lags), default=0)
