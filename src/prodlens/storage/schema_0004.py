"""Step 4: single values of whole days and of their parts, by traffic class and sources, by model.

The comments are part of the schema: `docs/reference/schema.md` is generated from them.
"""

from __future__ import annotations

from typing import Final

_DAILY_VALUES = """
create table daily_call_values ( -- Single values of the calls of a UTC day, as columns of bytes.
    scope text not null, -- repository; '' is every call
    whole integer not null, -- 1: all calls of the scope and day; 0: a part of them
    model text, -- the model whose calls these are; NULL stands for no model
    sources text, -- the sources whose calls these are, comma separated; NULL stands for none
    traffic_class text, -- traffic class, where sources are named; NULL is unclassified
    event_date text not null, -- UTC day
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
    decided_accepted blob not null, -- per decided call a byte, rejected first: 1 accepted, 0 rejected
    decided_by blob not null, -- place of its developer in developers; -1 is nobody
    decided_latency blob not null, -- its duration in ms; NaN is not known
    decided_tokens blob not null -- its tokens; NaN is not known
)
"""

STATEMENTS: Final = (
    "drop table daily_call_values",
    _DAILY_VALUES,
    "create index idx_daily_call_values_day on daily_call_values (event_date)",
    "create index idx_daily_call_values_scope on daily_call_values (scope, event_date, whole)",
    # what the table doesn't say any more is read from the calls until the next aggregation
    """insert or ignore into dirty_days (kind, event_date)
    select 'sessions', event_date from sessions group by event_date""",
)
"""Every statement of the step, in order."""
