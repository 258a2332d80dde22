"""Step 3: sums and single values of calls by UTC day, so that reports read days and not calls.

The comments are part of the schema: `docs/reference/schema.md` is generated from them.
"""

from __future__ import annotations

from typing import Final

_DAILY_CALLS = """
create table daily_calls ( -- Sums over the calls of a UTC day, over all and per repository.
    scope text not null, -- repository; '' is every call, those that name no repository included
    event_date text not null, -- UTC day
    model text, -- model; NULL is not known
    traffic_class text, -- traffic class; NULL is unclassified
    sources text not null, -- sources that saw the calls, comma separated
    calls integer not null, -- calls
    model_known integer not null, -- calls that name a model
    session_known integer not null, -- calls that name a session
    developer_known integer not null, -- calls that name a developer
    repo_known integer not null, -- calls that name a repository
    latency_known integer not null, -- calls with a duration of 0 or more
    latency_negative integer not null, -- calls with a negative duration
    outcome_known integer not null, -- calls with a status or an error type
    errors integer not null, -- calls with status >= 400 or an error type
    decided integer not null, -- calls that a person accepted or rejected
    accepted integer not null, -- calls that a person accepted
    automatic integer not null, -- calls that settings or modes let pass
    tokens_known integer not null, -- calls with any known token count
    tokens_whole integer not null, -- whole billions of each call's tokens, summed
    tokens_rest integer not null, -- what of them is less than a billion, summed
    accepted_tokens_known integer not null, -- accepted calls with known tokens
    accepted_tokens_whole integer not null, -- their tokens, whole billions
    accepted_tokens_rest integer not null, -- their tokens, the rest
    lines_known integer not null, -- accepted calls with a known number of accepted lines
    lines_whole integer not null, -- those lines, whole billions
    lines_rest integer not null, -- those lines, the rest
    lines_tokens_known integer not null, -- accepted calls with known lines and tokens
    lines_tokens_whole integer not null, -- their tokens, whole billions
    lines_tokens_rest integer not null, -- their tokens, the rest
    lines_with_tokens_whole integer not null, -- their lines, whole billions
    lines_with_tokens_rest integer not null, -- their lines, the rest
    diff_known integer not null, -- calls with a share kept between 0 and 1
    diff_sum_whole integer not null, -- those shares in units of 2^-30, whole ones summed
    diff_sum_rest integer not null, -- what is left of each, in units of 2^-60
    diff_high integer not null, -- calls with a share kept of 0.7 or more
    priced integer not null, -- calls with a known cost
    cost_nanos_whole integer not null, -- those costs, whole dollars
    cost_nanos_rest integer not null, -- those costs, the rest in nano-dollars
    subscription integer not null, -- calls on a subscription
    subscription_priced integer not null, -- those with a known cost
    subscription_nanos_whole integer not null, -- those costs, whole dollars
    subscription_nanos_rest integer not null, -- those costs, the rest in nano-dollars
    session_explicit integer not null, -- calls whose session id the source named
    session_derived integer not null, -- calls whose session id was derived
    session_inherited integer not null, -- calls whose session id another record of them named
    session_given integer not null, -- calls whose session id was given when they were read
    session_weak integer not null, -- calls whose session id is a guess
    session_unsaid integer not null, -- calls with a session id of which nothing more is known
    developer_explicit integer not null, -- the same for the developer id: named
    developer_derived integer not null, -- derived
    developer_inherited integer not null, -- from another record
    developer_given integer not null, -- given
    developer_weak integer not null, -- a guess
    developer_unsaid integer not null -- nothing more is known
)
"""

_DAILY_VALUES = """
create table daily_call_values ( -- Single values of the calls of a UTC day, as columns of bytes.
    scope text not null, -- repository; '' is every call
    event_date text not null, -- UTC day
    traffic_class text, -- traffic class; NULL is unclassified
    sources text not null, -- sources that saw the calls, comma separated
    calls integer not null, -- calls
    first_call text not null, -- time of the first call
    last_call text not null, -- time of the last call
    latencies blob not null, -- known durations in ms, ascending, little-endian doubles
    failed_latencies blob not null, -- those of failed calls
    sessions text not null, -- native sessions, JSON array
    decisions blob not null, -- per session a byte: 0 undecided, 1 decided, 2 accepted once or more
    developers text not null, -- developer ids, JSON array
    developer_calls blob not null, -- calls of each, little-endian 64-bit integers
    developer_hours blob not null, -- UTC hours with calls of each, one bit per hour
    unknown_hours integer not null, -- the same for calls that name no developer
    unowned text not null, -- sessions of calls that name no developer, JSON array
    owned_calls integer not null, -- calls that name a developer or a session
    stretch_counts blob not null, -- stretches without a pause of 30 minutes, per owner
    stretch_starts blob not null, -- when each began, seconds since 1970
    stretch_ends blob not null, -- when each ended
    stretch_seconds blob not null, -- lengths of all of them, ascending
    person_tokens blob not null, -- known tokens per developer, then of calls that name none
    person_nanos blob not null, -- known costs likewise, nano-dollars
    person_accepted blob not null, -- calls likewise that a person accepted
    person_errors blob not null, -- calls likewise that failed
    person_session_counts blob not null, -- how many of the sessions each of them is in
    person_sessions blob not null, -- which ones, by place in sessions
    decided_accepted blob not null, -- per decided call a byte: 1 accepted, 0 rejected
    decided_by blob not null, -- place of its developer in developers; -1 is nobody
    decided_latency blob not null, -- its duration in ms; NaN is not known
    decided_tokens blob not null -- its tokens; NaN is not known
)
"""

_MARK = "insert or ignore into dirty_days (kind, event_date) values ('sessions', {day});"

_CALLS_UPDATED = f"""
create trigger stale_calls_updated after update on sessions begin
    {_MARK.format(day="old.event_date")}
    {_MARK.format(day="new.event_date")}
end
"""

_CALLS_DELETED = f"""
create trigger stale_calls_deleted after delete on sessions begin
    {_MARK.format(day="old.event_date")}
end
"""

STATEMENTS: Final = (
    _DAILY_CALLS,
    "create index idx_daily_calls_day on daily_calls (event_date)",
    "create index idx_daily_calls_scope on daily_calls (scope, event_date)",
    _DAILY_VALUES,
    "create index idx_daily_call_values_day on daily_call_values (event_date)",
    "create index idx_daily_call_values_scope on daily_call_values (scope, event_date)",
    """create index idx_sessions_developer on sessions (developer_id, event_date)
    where developer_id is not null""",
    _CALLS_UPDATED,  # whoever changes a call, its day is read from the calls until it is rolled up
    _CALLS_DELETED,
    # what the new tables don't say yet is read from the calls until the next aggregation
    """insert or ignore into dirty_days (kind, event_date)
    select 'sessions', event_date from sessions group by event_date""",
)
"""Every statement of the step, in order."""
