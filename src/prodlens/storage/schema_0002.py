"""Step 2: what joins records of several sources: shadows, scopes, suggestions, links, daily facts.

The comments are part of the schema: `docs/reference/schema.md` is generated from them.
"""

from __future__ import annotations

from typing import Final

_SHADOW_KEYS = """
create table shadow_keys ( -- Keys of records that describe calls once more and never count.
    key integer primary key -- 64-bit digest of the key
)
"""

_SHADOWED = """
create table shadowed_records ( -- Records that were read and never count, for the audit.
    key integer not null, -- the shadow key that matched
    content integer not null, -- digest of what the record says
    source text not null, -- format
    event_date text not null, -- UTC day
    total_tokens integer, -- tokens that would have counted twice
    cost_nanos integer, -- reported cost that would have counted twice
    source_file integer, -- source_files.id
    source_offset integer, -- byte offset in the decompressed file
    source_line integer, -- line
    primary key (key, content)
) without rowid
"""

_FACTS = """
create table context_facts ( -- What records say about every call of a turn, trace or session.
    scope integer not null, -- 64-bit digest of the scope's name
    name text not null, -- what is said
    value text not null, -- the value
    source text not null, -- format that said it
    primary key (scope, name, value, source)
) without rowid
"""

_SCOPES = """
create table call_scopes ( -- Which calls belong to which turn, trace or session.
    scope integer not null, -- 64-bit digest of the scope's name
    call_id integer not null references sessions (id) on delete cascade, -- the call
    primary key (scope, call_id)
) without rowid
"""

_SUGGESTIONS = """
create table suggestions ( -- One row is one edit the assistant proposed.
    id integer primary key, -- row id
    suggestion_key text not null unique, -- the tool call's own id
    call_id integer references sessions (id) on delete set null, -- the call that proposed it
    call_key integer, -- digest of that call's key, as records name it
    within integer, -- scope among whose calls it was proposed, where no record names the call
    session_id text, -- native session
    developer_id text, -- person or account
    provider_message_id text, -- message that proposed it
    timestamp text, -- when it was proposed
    event_date text, -- UTC day
    repo_slug text, -- owner/name
    tool text, -- edit tool
    language text, -- language of the file
    file_hash text, -- salted digest of the path
    path_hashes blob, -- salted 8-byte digests of the path's endings, the name alone first
    proposed_lines integer, -- lines proposed
    decision text not null, -- accept, reject, denied_by_policy, error or unknown
    decided_by text not null, -- user, auto, policy or unknown
    decision_source text, -- where the decision was read
    user_modified integer, -- 1 when the person changed it before accepting
    applied_lines integer, -- lines applied
    diff_ratio real, -- share kept at decision time
    retained_lines integer, -- lines still there at the next commit
    retained_at_sha text, -- that commit
    retention_status text, -- pending, kept, not_committed
    line_hashes blob, -- salted 8-byte digests of meaningful lines
    sources text -- sources that saw it
)
"""

_SUGGESTION_RECORDS = """
create table suggestion_records ( -- Distinct records of each suggestion.
    suggestion_id integer not null references suggestions (id) on delete cascade, -- suggestion
    content integer not null, -- digest of what the record says
    record text not null, -- allow-listed fields and salted digests as JSON
    source_file integer, -- source_files.id
    source_offset integer, -- byte offset in the decompressed file
    source_line integer, -- line
    primary key (suggestion_id, content)
) without rowid
"""

_WAITING = """
create table suggestion_waiting ( -- What became of tool calls that nobody called an edit so far.
    suggestion_key text not null, -- the tool call's own id
    content integer not null, -- digest of what the record says
    record text not null, -- allow-listed fields as JSON
    source_file integer, -- source_files.id
    source_offset integer, -- byte offset in the decompressed file
    source_line integer, -- line
    primary key (suggestion_key, content)
) without rowid
"""

_SUGGESTION_SCOPES = """
create table suggestion_scopes ( -- Which suggestions wait for or belong to which scope.
    scope integer not null, -- 64-bit digest of the scope's name
    suggestion_id integer not null references suggestions (id) on delete cascade, -- suggestion
    primary key (scope, suggestion_id)
) without rowid
"""

_LINKS = """
create table session_links ( -- Pull requests and commits that sessions made.
    session_id text not null, -- native session
    kind text not null, -- pull_request or commit
    repo_slug text not null, -- owner/name; '' is not known
    ref text not null, -- number of the pull request, or hash of the commit
    occurred_at text, -- when, the earliest record's word
    source text not null, -- format that said it
    primary key (session_id, kind, repo_slug, ref, source)
) without rowid
"""

_DAYS = """
create table assistant_days ( -- Figures that vendors report per person and day; no calls.
    source text not null, -- format
    event_date text not null, -- the vendor's day
    developer_id text not null, -- person or account; '' is nobody in particular
    metric text not null, -- the vendor's name of the figure
    dimension text not null, -- what it is broken down by; '' is the whole day
    value real not null, -- the figure
    primary key (source, event_date, developer_id, metric, dimension)
) without rowid
"""

_SOURCES = """
create table call_sources ( -- Every format that calls were read from.
    source text primary key -- format
) without rowid
"""

STATEMENTS: Final = (
    _SHADOW_KEYS,
    _SHADOWED,
    _FACTS,
    _SCOPES,
    "create index idx_call_scopes_call on call_scopes (call_id)",
    "drop table suggestions",  # nothing wrote into it before this step
    _SUGGESTIONS,
    "create index idx_suggestions_date on suggestions (event_date)",
    "create index idx_suggestions_message on suggestions (provider_message_id)",
    "create index idx_suggestions_call on suggestions (call_id)",
    "create index idx_suggestions_call_key on suggestions (call_key)",
    "create index idx_suggestions_within on suggestions (within)",
    _SUGGESTION_RECORDS,
    _WAITING,
    _SUGGESTION_SCOPES,
    "create index idx_suggestion_scopes_suggestion on suggestion_scopes (suggestion_id)",
    _LINKS,
    "create index idx_session_links_ref on session_links (repo_slug, kind, ref)",
    _DAYS,
    _SOURCES,
    "insert into call_sources select distinct source from sessions",
    """create index idx_sessions_session on sessions (session_id, tokens_in, tokens_out)
    where session_id is not null""",
    """create index idx_sessions_failed on sessions (timestamp)
    where status_code >= 400 or error_type is not null""",
)
"""Every statement of the step, in order."""
