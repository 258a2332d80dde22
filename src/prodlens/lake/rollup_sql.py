"""The rollups of a lake, each as one statement in the SQL that DuckDB, Spark and SQLite share.

The one definition for every engine; runs nothing itself. What the statements read is a table
`calls` with the columns of `prodlens.storage.exported.CALLS` that stand in `COLUMNS`.

Rules of the subset: no function that only one engine has, no division of whole numbers, sums of
whole numbers cast to bigint, no text compared as a time. A median is not left to `percentile_cont`,
whose last digit is each engine's own and which holds every value of a group at once: durations are
counted by value first, and the middle is found among those counts. Definitions: statistics.md 7,
api.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from prodlens.storage.exported import COVERAGE, DAILY_SESSIONS, DAILY_USAGE
from prodlens.storage.trace_rows import BY_RULE

if TYPE_CHECKING:
    from prodlens.storage.exported import Fields

COLUMNS: Final = (
    "event_date",
    "repo_slug",
    "developer_id",
    "session_id",
    "model",
    "traffic_class",
    "tokens_in",
    "tokens_out",
    "total_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "latency_ms",
    "status_code",
    "error_type",
    "accepted_flag",
    "accepted_source",
    "accepted_lines",
    "cost_nanos",
    "sources",
)
"""Columns of a call that the statements read; others are not fetched."""

_LARGEST: Final = "1.7976931348623157e308"
"""The largest finite double."""
_MOST_SOURCES: Final = 16
"""Sources that one call can have been seen by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollup:
    """One table of `_aggregates`.

    Attributes:
        name: Its name, and that of its file.
        fields: Columns of the file, in order; the statement gives them in this order, without
            those in `added`.
        added: Columns that are not computed by the engine.
        statement: A SELECT over `calls`, its rows in order of what tells them apart.
    """

    name: str
    fields: Fields
    added: tuple[str, ...] = ()
    statement: str

    @property
    def computed(self) -> Fields:
        """The columns that the statement gives."""
        return tuple(field for field in self.fields if field[0] not in self.added)


_BY_PEOPLE: Final = f"coalesce(accepted_source, '') <> '{BY_RULE}'"
"""What settings and modes let pass is nobody's decision."""
_FACTS: Final = f"""
facts as (
    select
        event_date,
        coalesce(repo_slug, '') as repo_slug,
        coalesce(developer_id, '') as developer_id,
        coalesce(model, '') as model,
        coalesce(traffic_class, '') as traffic_class,
        session_id,
        developer_id as developer,
        coalesce(total_tokens, coalesce(tokens_in, 0) + coalesce(tokens_out, 0)) as tokens,
        coalesce(total_tokens, tokens_in, tokens_out) as tokens_known,
        coalesce(tokens_in, 0) as tokens_in,
        coalesce(tokens_out, 0) as tokens_out,
        coalesce(cache_read_tokens, 0) as cache_read_tokens,
        coalesce(cache_write_tokens, 0) as cache_write_tokens,
        cost_nanos,
        case when coalesce(status_code, 0) >= 400 or error_type is not null then 1 else 0 end
            as failed,
        case when status_code is not null or error_type is not null then 1 else 0 end
            as status_known,
        case when accepted_flag and {_BY_PEOPLE} then 1 else 0 end as accepted,
        case when accepted_flag is not null and {_BY_PEOPLE} then 1 else 0 end as decided,
        case when {_BY_PEOPLE} then coalesce(accepted_lines, 0) else 0 end as accepted_lines,
        case when latency_ms >= 0 and latency_ms <= {_LARGEST} then latency_ms end as latency
    from calls
)
"""


def _middle(*by: str) -> str:
    """Return common table expressions that end in `middle`: the exact median of each group.

    The value of rank r counts when n <= 2 r <= n + 2: the one in the middle, or the two around it.
    Halves are added, as `prodlens.storage.rollup_sql.ExactMedian` does.
    """
    names = ", ".join(by)
    return f"""
values_of as (
    select {names}, latency, count(*) as times from facts
    where latency is not null group by {names}, latency
),
ranked as (
    select {names}, latency, times,
        sum(times) over (partition by {names} order by latency
            rows between unbounded preceding and current row) as up_to,
        sum(times) over (partition by {names}) as n
    from values_of
),
middle as (
    select {names}, min(latency) / 2.0e0 + max(latency) / 2.0e0 as median_latency_ms
    from ranked where 2 * up_to >= n and 2 * (up_to - times) <= n
    group by {names}
)
"""


def _total(what: str) -> str:
    return f"cast(sum({what}) as bigint)"


def _float_total(what: str) -> str:
    """Return a sum of durations as SQL; the largest finite number when it is beyond."""
    total = f"coalesce(sum({what}), 0.0e0)"
    return f"case when {total} > {_LARGEST} then {_LARGEST} else {total} end"


_DAILY_SESSIONS: Final = f"""
with {_FACTS}, {_middle("event_date")},
days as (
    select
        event_date,
        count(*) as session_count,
        {_total("tokens")} as total_tokens,
        {_total("accepted")} as accepted_count,
        {_total("failed")} as error_count,
        {_total("cost_nanos")} as cost_nanos,
        count(cost_nanos) as priced_count,
        {_total("decided")} as decided_count,
        {_total("status_known")} as status_known_count
    from facts group by event_date
)
select days.event_date, session_count, total_tokens, accepted_count, error_count,
    median_latency_ms, cost_nanos, priced_count, decided_count, status_known_count
from days left join middle on middle.event_date = days.event_date
order by days.event_date
"""

_DAILY_REPOSITORIES: Final = f"""
with {_FACTS}, {_middle("event_date", "repo_slug")},
days as (
    select
        event_date,
        repo_slug,
        count(*) as calls,
        count(distinct session_id) as sessions,
        count(distinct developer) as developers,
        case when count(tokens_known) > 0 then {_total("tokens")} end as tokens,
        {_total("cost_nanos")} as cost_nanos,
        count(cost_nanos) as priced,
        {_total("failed")} as errors,
        {_total("accepted")} as accepted,
        {_total("decided")} as decided
    from facts group by event_date, repo_slug
)
select days.event_date, days.repo_slug, calls, sessions, developers, tokens, cost_nanos, priced,
    errors, accepted, decided, median_latency_ms
from days left join middle
    on middle.event_date = days.event_date and middle.repo_slug = days.repo_slug
order by days.event_date, days.repo_slug
"""

_GROUP: Final = "event_date, repo_slug, developer_id, model, traffic_class"
_DAILY_USAGE: Final = f"""
with {_FACTS}
select
    {_GROUP},
    count(*) as calls,
    {_total("tokens_in")} as tokens_in,
    {_total("tokens_out")} as tokens_out,
    {_total("cache_read_tokens")} as cache_read_tokens,
    {_total("cache_write_tokens")} as cache_write_tokens,
    count(tokens_known) as tokens_known,
    {_total("coalesce(cost_nanos, 0)")} as cost_nanos,
    count(cost_nanos) as priced,
    {_total("failed")} as errors,
    {_total("status_known")} as status_known,
    {_total("accepted")} as accepted,
    {_total("decided")} as decided,
    {_total("accepted_lines")} as accepted_lines,
    count(latency) as latency_n,
    {_float_total("latency")} as latency_sum,
    {_float_total("latency * latency")} as latency_sumsq
from facts group by {_GROUP} order by {_GROUP}
"""

_NUMBERS: Final = " union all ".join(f"select {n} as n" for n in range(1, _MOST_SOURCES + 1))
_COVERAGE: Final = f"""
with
seen as (
    select event_date, sources, coalesce(repo_slug, '') as repo_slug,
        coalesce(developer_id, '') as developer_id, count(*) as calls
    from calls
    group by event_date, sources, coalesce(repo_slug, ''), coalesce(developer_id, '')
),
apart as (
    select event_date, split_part(sources, ',', n) as source, repo_slug, developer_id, calls
    from seen cross join ({_NUMBERS}) numbers
)
select event_date, source, repo_slug, developer_id, {_total("calls")} as calls
from apart where source <> ''
group by event_date, source, repo_slug, developer_id
order by event_date, source, repo_slug, developer_id
"""

ROLLUPS: Final = {
    rollup.name: rollup
    for rollup in (
        Rollup(
            name="daily_sessions",
            fields=DAILY_SESSIONS,
            added=("developer_id", "cost_usd", "created_at"),
            statement=_DAILY_SESSIONS,
        ),
        Rollup(
            name="daily_repositories",
            fields=(
                ("event_date", "text"),
                ("repo_slug", "text"),
                ("calls", "whole"),
                ("sessions", "whole"),
                ("developers", "whole"),
                ("tokens", "whole"),
                ("cost_nanos", "whole"),
                ("priced", "whole"),
                ("errors", "whole"),
                ("accepted", "whole"),
                ("decided", "whole"),
                ("median_latency_ms", "number"),
            ),
            statement=_DAILY_REPOSITORIES,
        ),
        Rollup(name="daily_usage", fields=DAILY_USAGE, statement=_DAILY_USAGE),
        Rollup(name="coverage", fields=COVERAGE, statement=_COVERAGE),
    )
}
"""Every table of a lake's `_aggregates` that is made from calls, by name."""
