"""SELECTs behind the rollups, and the two aggregates that SQLite lacks; runs nothing itself.

Sums of whole numbers are exact and can't overflow into an error: where a sum does not fit 64 bits
it becomes a REAL. Counts and sums skip what is not known. Definitions: statistics.md 7, api.md.
"""

from __future__ import annotations

import math
import sys
from typing import TYPE_CHECKING, Any, Final

from prodlens.storage.trace_rows import BY_RULE

if TYPE_CHECKING:
    import sqlite3

_HALF: Final = 2**32
FAILED: Final = "(coalesce(status_code, 0) >= 400 or error_type is not null)"
"""A call went wrong: a status of 400 or more, or an error type; never NULL."""
OUTCOME_KNOWN: Final = "(status_code is not null or error_type is not null)"
DECIDED: Final = f"(accepted_flag is not null and accepted_source is not '{BY_RULE}')"
"""A person accepted or rejected; never NULL. What settings and modes let pass is no decision."""
ACCEPTED: Final = f"(accepted_flag is 1 and accepted_source is not '{BY_RULE}')"
"""A person accepted; never NULL."""
BY_PEOPLE: Final = f"accepted_source is not '{BY_RULE}'"
"""What is known of the proposal doesn't come from an automatic approval; never NULL."""
TOKENS: Final = "coalesce(total_tokens, coalesce(tokens_in, 0) + coalesce(tokens_out, 0))"
TOKENS_KNOWN: Final = "coalesce(total_tokens, tokens_in, tokens_out)"
DURATION: Final = "case when latency_ms >= 0 and latency_ms < 9e999 then latency_ms end"
"""A duration that can be one, else NULL; 9e999 is infinity in SQLite."""


def _sum(what: str) -> str:
    """Return the exact sum of a whole number as SQL, in two halves that can't overflow."""
    return f"sum(({what}) >> 32) * {_HALF} + sum(({what}) & {_HALF - 1})"


def _known(what: str) -> str:
    return f"coalesce({_sum(what)}, 0)"


CALLS_OF_DAY: Final = f"""
select
    event_date,
    null as developer_id,
    count(*) as session_count,
    {_known(TOKENS)} as total_tokens,
    sum({ACCEPTED}) as accepted_count,
    sum({FAILED}) as error_count,
    exact_median({DURATION}) as median_latency_ms,
    {_sum("cost_nanos")} as cost_nanos,
    count(cost_nanos) as priced_count,
    sum({DECIDED}) as decided_count,
    sum({OUTCOME_KNOWN}) as status_known_count
from sessions where event_date = :day group by event_date
"""
"""One row for a day with calls, none for a day without. `cost_nanos` is NULL when none is known."""

_ADDITIVE: Final = {
    "calls": "count(*)",
    "tokens_in": _known("tokens_in"),
    "tokens_out": _known("tokens_out"),
    "cache_read_tokens": _known("cache_read_tokens"),
    "cache_write_tokens": _known("cache_write_tokens"),
    "tokens_known": f"count({TOKENS_KNOWN})",
    "cost_nanos": _known("cost_nanos"),
    "priced": "count(cost_nanos)",
    "errors": f"sum({FAILED})",
    "status_known": f"sum({OUTCOME_KNOWN})",
    "accepted": f"sum({ACCEPTED})",
    "decided": f"sum({DECIDED})",
    "accepted_lines": _known(f"case when {BY_PEOPLE} then accepted_lines end"),
    "latency_n": f"count({DURATION})",
    "latency_sum": f"exact_sum({DURATION})",
    "latency_sumsq": f"exact_sum(({DURATION}) * latency_ms)",
}
_GROUPS: Final = ("repo_slug", "developer_id", "model", "traffic_class")
_GROUP_NAMES: Final = ", ".join(_GROUPS)
_NO_NULLS: Final = ", ".join(f"coalesce({name}, '')" for name in _GROUPS)

WRITE_USAGE: Final = f"""
insert into daily_usage (event_date, {_GROUP_NAMES}, {", ".join(_ADDITIVE)})
select event_date, {_NO_NULLS}, {", ".join(_ADDITIVE.values())}
from sessions where event_date = :day group by {_GROUP_NAMES}
on conflict (event_date, {_GROUP_NAMES}) do update set
    {", ".join(f"{name} = {name} + excluded.{name}" for name in _ADDITIVE)}
"""
"""Fills `daily_usage` for a day that has no rows there.

Grouping plain columns takes a quarter less time; the groups that then meet as '' are added up.
"""

WRITE_COVERAGE: Final = """
insert into capture_coverage (source, event_date, developer_id, repo_slug, calls)
with recursive
split (sources, source, rest) as (
    select distinct sources, '', sources || ',' from sessions where event_date = :day
    union all
    select sources, substr(rest, 1, instr(rest, ',') - 1), substr(rest, instr(rest, ',') + 1)
    from split where rest <> ''
),
seen (sources, developer_id, repo_slug, calls) as (
    select sources, developer_id, repo_slug, count(*)
    from sessions where event_date = :day group by sources, developer_id, repo_slug
)
select source, :day, coalesce(developer_id, ''), coalesce(repo_slug, ''), sum(calls)
from split cross join seen using (sources)
where source <> '' group by source, coalesce(developer_id, ''), coalesce(repo_slug, '')
"""
"""Fills `capture_coverage` for a day that has no rows there; a call of 'a,b' was seen by both."""


def _micros(column: str) -> str:
    """Return the whole microseconds since 1970 of a fixed-width time; SQLite's own lose digits."""
    seconds = f"cast(strftime('%s', substr({column}, 1, 19)) as integer)"
    return f"({seconds} * 1000000 + cast(substr({column}, 21, 6) as integer))"


_REOPENED: Final = """
select repo_id, number, substr(reopened_at, 1, 10) as day
from pull_requests where reopened_at is not null
union
select e.repo_id, e.number, substr(e.created_at, 1, 10)
from pr_events e join pull_requests p using (repo_id, number)
where e.event = 'reopened' and e.created_at is not null
"""
DELIVERIES_OF_DAYS: Final = f"""
with
days (day) as (select value from json_each(:days)),
reopened (repo_id, number, day) as ({_REOPENED}),
facts (day, merged, landed, reopened, micros) as (
    select d.day, 1, 0, 0, case when p.merged_at >= p.created_at
        then {_micros("p.merged_at")} - {_micros("p.created_at")} end
    from days d cross join pull_requests p
        on p.merged_at >= d.day and p.merged_at < d.day || 'U'
    union all
    select d.day, 0, 1, 0, null
    from days d cross join commits c
        on c.timestamp >= d.day and c.timestamp < d.day || 'U'
        and c.on_default_branch = 1 and c.is_merge = 0
    union all
    select day, 0, 0, 1, null from reopened where day in (select day from days)
)
select
    day as event_date,
    sum(merged) as merged_pr_count,
    sum(landed) as commit_count,
    sum(reopened) as reopened_pr_count,
    sum(micros) / (3.6e9 * count(micros)) as avg_merge_hours
from facts group by day order by day
"""
"""One row for each of the days (a JSON array) on which something was merged, landed or reopened.

`U` follows the `T` of a time, so `day <= time < day || 'U'` is the day, by an index.
"""

_IS_KNOWN: Final = "select 1 from pragma_function_list where name = 'exact_median'"
CALL_DAYS: Final = "select distinct event_date from sessions order by event_date"
DELIVERY_DAYS: Final = f"""
select substr(merged_at, 1, 10) from pull_requests where merged_at is not null
union
select substr(timestamp, 1, 10) from commits
where on_default_branch = 1 and is_merge = 0 and timestamp is not null
union
select day from ({_REOPENED})
order by 1
"""


class ExactMedian:
    """Median of what is not NULL: the middle value, or the mean of the two; None of nothing."""

    def __init__(self) -> None:
        self._values: list[float] = []

    def step(self, value: float | None) -> None:
        """Take one value."""
        if value is not None:
            self._values.append(value)

    def finalize(self) -> float | None:
        """Return the median."""
        ordered = sorted(self._values)
        if not ordered:
            return None
        middle = len(ordered) // 2
        if len(ordered) % 2:
            return ordered[middle]
        return ordered[middle - 1] / 2 + ordered[middle] / 2  # halves first: no overflow


class ExactSum:
    """Correctly rounded sum of what is not NULL, equal for any order of the rows; 0 of nothing."""

    def __init__(self) -> None:
        self._values: list[float] = []

    def step(self, value: float | None) -> None:
        """Take one value."""
        if value is not None:
            self._values.append(value)

    def finalize(self) -> float:
        """Return the sum; the largest finite number when it is beyond."""
        try:
            return min(math.fsum(self._values), sys.float_info.max)
        except OverflowError:
            return sys.float_info.max


def register(conn: sqlite3.Connection) -> None:
    """Make `exact_median` and `exact_sum` known to a connection.

    Once: SQLite refuses to replace a function while a statement of the connection is being read.
    """
    if conn.execute(_IS_KNOWN).fetchone() is None:
        aggregates: tuple[tuple[str, Any], ...] = (
            ("exact_sum", ExactSum),
            ("exact_median", ExactMedian),
        )
        for name, kind in aggregates:
            conn.create_aggregate(name, 1, kind)
