"""Step 1: every table from the first release on, with a comment for each column.

The comments are part of the schema: `docs/reference/schema.md` is generated from them.
Times are fixed-width UTC text; `*_nanos` are integer nano-US-dollars; NULL means "not known".
"""

from __future__ import annotations

from typing import Final

_MIGRATIONS = """
create table schema_migrations ( -- Schema steps applied to this file.
    version integer primary key, -- number of the step
    name text not null, -- what it is
    applied_at text not null -- when
)
"""

_SESSIONS = """
create table sessions ( -- One row is one LLM call, whatever the number of sources that saw it.
    id integer primary key, -- row id
    trace_hash text not null unique, -- day of the call (locality) + hash of its identity key
    session_id text, -- native session; NULL when the source names none
    developer_id text, -- person or account; NULL when not known
    timestamp text not null, -- start of the call
    event_date text not null, -- UTC day of timestamp
    model text, -- name without provider prefix and route
    model_raw text, -- name as the source wrote it
    model_alias text, -- name of the model group that was asked for
    provider text, -- who served it
    tokens_in integer, -- whole input including cache
    tokens_out integer, -- whole output including reasoning
    total_tokens integer, -- tokens_in + tokens_out
    cache_read_tokens integer, -- part of tokens_in read from the provider's cache
    cache_write_tokens integer, -- part of tokens_in written to the provider's cache
    cache_write_1h_tokens integer, -- part of cache_write_tokens kept for one hour
    reasoning_tokens integer, -- part of tokens_out
    tokens_basis text, -- inclusive, exclusive_added or total_only
    latency_ms real, -- duration of the call
    ttft_ms real, -- time to the first token of a streamed call
    latency_source text, -- where the duration comes from, and how good it is
    status_code integer, -- HTTP status; NULL when not known
    error_type text, -- class of the error
    accepted_flag integer, -- 1 accepted, 0 rejected, NULL nobody decided or not known
    accepted_source text, -- metadata, ...; from edits: suggestions (a person) or suggestions_auto
    diff_ratio real, -- share of the suggestion that was kept, 0..1
    accepted_lines integer, -- lines accepted
    repo_slug text, -- owner/name, lower case
    cost_usd real, -- cost; NULL is unpriced, 0 is free
    cost_nanos integer, -- the same cost, exact
    cost_source text not null default 'unknown', -- reported, computed or unknown
    price_version text, -- price list behind a computed cost
    traffic_class text, -- cache_hit, human, subagent, evaluation, ...; NULL is unclassified
    subscription integer, -- 1: cost is what the API would have charged, not what was spent
    source text not null, -- source whose record leads this row
    sources text not null, -- every source that saw the call, sorted, comma separated
    source_record_id text, -- id of the record in its source
    provider_message_id text, -- the provider's id of the response
    provider_request_id text, -- the provider's id of the request
    trace_id text, -- trace or chain id
    call_group text, -- id shared by the records of one request
    span_id text, -- span
    parent_span_id text, -- its parent
    call_type text, -- operation as the source names it
    stream integer, -- 1 streamed
    user_agent text, -- client program
    git_branch text, -- branch, where a tag says so
    query_source text, -- what inside the assistant asked
    is_subagent integer, -- 1 when a sub-agent called
    session_source text, -- explicit, derived, inherited, weak
    developer_source text, -- explicit, derived, inherited, given
    repo_source text, -- explicit, derived, inherited, given
    timestamp_assumed_utc integer, -- 1 when the source named no time zone
    tags text, -- allow-listed key:value tags, JSON array
    identity_key text not null, -- namespace:key that decides equality, hashed in trace_hash
    content integer not null, -- digest of what was observed; equal content is known already
    observations integer not null default 1, -- distinct records seen of this call
    source_file integer, -- source_files.id of the leading record
    source_offset integer, -- its byte offset in the decompressed file
    source_line integer -- its line
)
"""

_OBSERVATIONS = """
create table observations ( -- Distinct records of calls that were seen more than once.
    call_id integer not null references sessions (id) on delete cascade, -- the call
    content integer not null, -- digest of what was observed
    record text not null, -- allow-listed fields as JSON
    cost_nanos integer, -- computed cost of this record's own tokens
    price_version text, -- price list behind it
    source_file integer, -- source_files.id
    source_offset integer, -- byte offset in the decompressed file
    source_line integer, -- line
    primary key (call_id, content)
) without rowid
"""

_CALL_KEYS = """
create table call_keys ( -- Every id under which a call is known, as a 64-bit digest.
    key integer not null, -- first 8 bytes of the key's sha256, signed
    call_id integer not null references sessions (id) on delete cascade, -- the call
    primary key (key, call_id)
) without rowid
"""

_TRACE_LINKS = """
create table trace_links ( -- Which requests carry which trace id; decides weak session ids.
    trace_key integer not null, -- 64-bit digest of the trace id
    group_key integer not null, -- 64-bit digest of the request's id
    call_id integer not null references sessions (id) on delete cascade, -- the call
    primary key (trace_key, group_key, call_id)
) without rowid
"""

_SUGGESTIONS = """
create table suggestions ( -- One row is one edit the assistant proposed.
    id integer primary key, -- row id
    suggestion_key text not null unique, -- the tool call's own id
    call_id integer references sessions (id) on delete set null, -- the call that proposed it
    session_id text, -- native session
    provider_message_id text, -- message that proposed it
    timestamp text, -- when it was proposed
    event_date text, -- UTC day
    repo_slug text, -- owner/name
    tool text, -- edit tool
    language text, -- language of the file
    file_hash text, -- salted digest of the path
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

_DAILY_SESSIONS = """
create table daily_session_metrics ( -- Per UTC day over all repositories and people.
    id integer primary key autoincrement, -- row id
    event_date text not null unique, -- UTC day
    developer_id text, -- always NULL: totals only
    session_count integer not null default 0, -- calls
    total_tokens integer not null default 0, -- input + output
    accepted_count integer not null default 0, -- calls that a person accepted; no automatic ones
    error_count integer not null default 0, -- calls with status >= 400 or an error type
    median_latency_ms real, -- exact median; NULL when no latency is known
    cost_usd real, -- sum of known costs; NULL when no call of the day has one
    created_at text not null, -- when the row was written
    cost_nanos integer, -- the same sum, exact
    priced_count integer not null default 0, -- calls with a known cost
    decided_count integer not null default 0, -- calls that a person accepted or rejected
    status_known_count integer not null default 0 -- calls with a known outcome
)
"""

_DAILY_GITHUB = """
create table daily_github_metrics ( -- Per UTC day over all repositories.
    id integer primary key autoincrement, -- row id
    event_date text not null unique, -- UTC day
    merged_pr_count integer not null default 0, -- pull requests merged on this day
    commit_count integer not null default 0, -- commits that landed on the default branch
    reopened_pr_count integer not null default 0, -- pull requests reopened on this day
    avg_merge_hours real, -- mean hours from creation to merge; NULL when none is known
    created_at text not null -- when the row was written
)
"""

_DAILY_USAGE = """
create table daily_usage ( -- Additive figures per day, repository, developer, model and traffic.
    event_date text not null, -- UTC day
    repo_slug text not null, -- '' is unassigned
    developer_id text not null, -- '' is unknown
    model text not null, -- '' is unknown
    traffic_class text not null, -- '' is ordinary
    calls integer not null, -- calls
    tokens_in integer not null, -- sum of known input tokens
    tokens_out integer not null, -- sum of known output tokens
    cache_read_tokens integer not null, -- sum
    cache_write_tokens integer not null, -- sum
    tokens_known integer not null, -- calls with known tokens
    cost_nanos integer not null, -- sum of known costs
    priced integer not null, -- calls with a known cost
    errors integer not null, -- calls with status >= 400 or an error type
    status_known integer not null, -- calls with a known outcome
    accepted integer not null, -- calls that a person accepted; no automatic ones
    decided integer not null, -- calls that a person accepted or rejected
    accepted_lines integer not null, -- lines of what people accepted
    latency_n integer not null, -- calls with a known latency
    latency_sum real not null, -- sum of latency_ms
    latency_sumsq real not null, -- sum of squares of latency_ms
    primary key (event_date, repo_slug, developer_id, model, traffic_class)
) without rowid
"""

_COVERAGE = """
create table capture_coverage ( -- Which source saw which developer or repository on which day.
    source text not null, -- source
    event_date text not null, -- UTC day
    developer_id text not null, -- '' is unknown
    repo_slug text not null, -- '' is unassigned
    calls integer not null, -- calls seen
    primary key (source, event_date, developer_id, repo_slug)
) without rowid
"""

_DIRTY_DAYS = """
create table dirty_days ( -- Days whose rollups are older than their rows.
    kind text not null, -- sessions or github
    event_date text not null, -- UTC day
    primary key (kind, event_date)
) without rowid
"""

_REPOSITORIES = """
create table repositories ( -- Repositories that deliveries belong to; 0 is "unassigned".
    repo_id integer primary key, -- row id
    host text not null default 'github.com', -- server
    github_id integer, -- GitHub's own id
    slug text not null collate nocase, -- owner/name
    default_branch text, -- name of the default branch
    head_sha text, -- its newest commit that was read
    synced_at text, -- when a sync last ended well
    unique (host, github_id),
    unique (host, slug)
)
"""

_REPO_ALIASES = """
create table repo_aliases ( -- Old names of repositories.
    host text not null, -- server
    slug text not null collate nocase, -- old owner/name
    repo_id integer not null references repositories (repo_id), -- what it is now
    primary key (host, slug)
) without rowid
"""

_PULL_REQUESTS = """
create table pull_requests ( -- One row is one pull request.
    repo_id integer not null references repositories (repo_id), -- repository; 0 is unassigned
    number integer not null, -- number in its repository
    id integer, -- GitHub's id
    node_id text, -- GitHub's GraphQL id
    title text, -- title
    author text, -- login
    author_id integer, -- GitHub's id of the author
    author_type text, -- User, Bot, ...
    is_bot integer, -- 1 when the author is a program
    state text, -- open or closed
    draft integer, -- 1 when a draft
    created_at text, -- opened; NULL when known from git only
    merged_at text, -- merged; NULL when not merged
    closed_at text, -- closed; NULL when open
    updated_at text, -- last change as the source says
    reopened integer, -- 1 reopened after a close, 0 never, NULL not known yet
    reopened_count integer, -- times reopened
    reopened_at text, -- last time reopened
    base_ref text, -- target branch
    head_ref text, -- source branch
    merge_commit_sha text, -- commit that merged it
    additions integer, -- lines added
    deletions integer, -- lines removed
    changed_files integer, -- files changed
    reverts_number integer, -- pull request that this one reverts
    labels text, -- names, JSON array
    first_review_at text, -- first review
    source text, -- github or git
    first_seen_at text, -- when ProdLens first saw it
    primary key (repo_id, number)
) without rowid
"""

_PR_EVENTS = """
create table pr_events ( -- Events of pull requests: closed, reopened, merged, ...
    repo_id integer not null references repositories (repo_id), -- repository
    event_id integer not null, -- GitHub's id
    number integer not null, -- pull request
    event text not null, -- kind
    actor text, -- login
    created_at text, -- when
    commit_id text, -- commit, where there is one
    primary key (repo_id, event_id)
) without rowid
"""

_COMMITS = """
create table commits ( -- One row is one commit of one repository.
    repo_id integer not null references repositories (repo_id), -- repository; 0 is unassigned
    sha text not null, -- full hash
    author text, -- login where known, else name
    author_name text, -- name as written
    author_email text, -- e-mail as written, lower case
    author_login text, -- GitHub login
    author_id integer, -- GitHub's id of the author
    committer_email text, -- committer's e-mail
    timestamp text, -- when it landed: landed_at, else committed_at, else authored_at
    authored_at text, -- author date
    committed_at text, -- committer date
    landed_at text, -- committer date of the first-parent commit that brought it in
    subject text, -- first line of the message
    is_merge integer not null default 0, -- 1 when it has several parents
    is_bot integer, -- 1 when the author is a program
    on_default_branch integer not null default 1, -- 1 when reachable from the default branch
    additions integer, -- lines added
    deletions integer, -- lines removed
    files integer, -- files changed
    pr_number integer, -- pull request that brought it in
    reverts_sha text, -- commit that this one reverts
    source text, -- github or git
    primary key (repo_id, sha)
) without rowid
"""

_COMMIT_PARENTS = """
create table commit_parents ( -- Edges of the commit graph.
    repo_id integer not null references repositories (repo_id), -- repository
    sha text not null, -- commit
    parent text not null, -- its parent
    position integer not null, -- 0 is the first parent
    primary key (repo_id, sha, parent)
) without rowid
"""

_COMMIT_TRAILERS = """
create table commit_trailers ( -- Signs of AI assistance in commit messages.
    repo_id integer not null references repositories (repo_id), -- repository
    sha text not null, -- commit
    key text not null, -- trailer key, lower case
    value text not null, -- its value
    ai_vendor text, -- vendor, NULL when none
    ai_model text, -- model, where named
    ai_role text, -- author or review
    session_ref text, -- session id, where named
    primary key (repo_id, sha, key, value)
) without rowid
"""

_SYNC_STATE = """
create table sync_state ( -- Cursors of deliveries, written with the rows they stand for.
    repo_id integer not null references repositories (repo_id), -- repository
    stream text not null, -- pulls, commits, git, ...
    key text not null, -- name of the value
    value text, -- the value
    primary key (repo_id, stream, key)
) without rowid
"""

_DEVELOPERS = """
create table developers ( -- People.
    developer_id text primary key, -- id used in reports
    display text -- name for their own eyes
) without rowid
"""

_DEVELOPER_IDENTITIES = """
create table developer_identities ( -- Which account, e-mail or login is which person, and why.
    kind text not null, -- github_id, github_login, email; of calls: account, device, trace_user, ...
    value text not null, -- the identity
    developer_id text not null references developers (developer_id), -- the person
    source text not null, -- rule or person that said so
    confidence real not null, -- 1 certain; below 1 a suggestion
    primary key (kind, value)
) without rowid
"""

_CORRELATION_CACHE = """
create table correlation_cache ( -- Computed associations and the data they were computed from.
    id integer primary key autoincrement, -- row id
    correlation_date text not null, -- last day of the window
    lag_days integer not null, -- days from x to y
    pearson_r real, -- raw, description only
    pearson_p real, -- naive p-value, description only
    spearman_r real, -- raw, description only
    spearman_p real, -- naive p-value, description only
    sample_size integer, -- paired days
    created_at text not null, -- when the row was written
    x_metric text not null default '', -- slug of x
    y_metric text not null default '', -- slug of y
    scope text not null default '', -- repository and filters
    window_start text not null default '', -- first day
    method_version text not null default '', -- version of the method
    window_end text, -- last day
    r_adj real, -- correlation, weekday and trend removed
    p_adj real, -- its calibrated p-value
    rho_adj real, -- rank correlation, weekday and trend removed
    rho_adj_p real, -- its calibrated p-value
    n_eff real, -- effective number of days
    k_controls integer, -- rank of the removed part
    ci_low real, -- interval of r_adj
    ci_high real, -- interval of r_adj
    r_mde80 real, -- smallest |r| found with 80 % power
    status text, -- ok, exploratory, insufficient_data, ...
    data_fingerprint text, -- digest of both series and the settings
    unique (correlation_date, lag_days, x_metric, y_metric, scope, window_start, method_version)
)
"""

_ETAG_STATE = """
create table etag_state ( -- HTTP validators of completed walks.
    endpoint text primary key, -- path and fixed parameters
    etag text, -- validator
    last_modified text, -- validator
    last_synced text -- when it was stored
)
"""

_ETL_RUNS = """
create table etl_runs ( -- Runs of jobs, and their checkpoints.
    id integer primary key autoincrement, -- row id
    job text not null, -- name of the job
    started_at text, -- when it started
    finished_at text, -- when it ended
    row_count integer, -- rows changed
    details text, -- JSON
    status text, -- ok, failed, partial, rate_limited
    checkpoint text -- instant up to which the job is done; NULL when the run sets none
)
"""

_SOURCE_FILES = """
create table source_files ( -- Ledger: how far each file was read.
    id integer primary key, -- row id
    path text not null unique, -- absolute path
    size integer not null, -- bytes read of the file as it lies on disk
    digest text not null, -- sha256 of those bytes
    options text not null, -- options that change what is read (format, repository)
    offset integer not null, -- where the next run resumes, in the decompressed file
    line integer not null, -- line there
    complete integer not null, -- 1 when everything up to size was read
    resumable integer not null, -- 1 when a grown file may be read from offset
    reader_state text, -- what an adapter must remember between runs, JSON
    format text, -- formats found, JSON object of counts
    records integer not null, -- records read
    set_aside integer not null, -- records set aside
    skipped integer not null, -- records that hold no call
    first_seen text not null, -- when it was first read
    last_read text not null -- when it last changed
)
"""

_DEAD_LETTERS = """
create table dead_letters ( -- Records set aside; the records themselves are not kept.
    id integer primary key, -- row id
    source_file integer references source_files (id), -- file; NULL for standard input
    path text not null, -- file as it was named, '-' is standard input
    byte_offset integer not null, -- offset in the decompressed file
    length integer not null, -- bytes
    line integer not null, -- line
    position integer not null default -1, -- index in its array, -1 outside arrays
    digest text not null, -- sha256 of the bytes
    reason text not null, -- why
    field text, -- field at fault
    scalars text not null default '{}', -- allow-listed values, JSON
    status text not null default 'open', -- open, resolved, gone
    first_seen text not null, -- when it was set aside
    unique (path, byte_offset, position, digest)
)
"""

_RESTATEMENTS = """
create table price_restatements ( -- What was said before a price change.
    id integer primary key autoincrement, -- row id
    trace_hash text not null, -- the call
    restated_at text not null, -- when
    old_cost_nanos integer, -- before
    old_cost_source text not null, -- before
    old_price_version text, -- before
    new_cost_nanos integer, -- after
    new_cost_source text not null, -- after
    new_price_version text -- after
)
"""

_PARQUET_FOLDERS = """
create table parquet_folders ( -- Folder of each repository in the Parquet export; never changes.
    repo_slug text primary key, -- '' is unassigned
    folder text not null unique -- folder name
) without rowid
"""

_PARQUET_CHANGES = """
create table parquet_changes ( -- Days whose calls changed in place or went away.
    event_date text primary key, -- UTC day; '' names this file
    token text not null -- another one after every change
) without rowid
"""

_MARK = """
    insert or ignore into parquet_changes (event_date, token) values ({day}, '');
    update parquet_changes set token = lower(hex(randomblob(8))) where event_date = {day};
"""

_CALLS_UPDATED = f"""
create trigger parquet_calls_updated after update on sessions begin
{_MARK.format(day="old.event_date")}
{_MARK.format(day="new.event_date")}
end
"""

_CALLS_DELETED = f"""
create trigger parquet_calls_deleted after delete on sessions begin
{_MARK.format(day="old.event_date")}
end
"""

_SECRETS = """
create table store_settings ( -- Values made once for this file.
    key text primary key, -- name
    value text not null -- value
) without rowid
"""

STATEMENTS: Final = (
    _MIGRATIONS,
    _SESSIONS,
    "create index idx_sessions_date on sessions (event_date, repo_slug)",
    "create index idx_sessions_repo_date on sessions (repo_slug, event_date)",
    _OBSERVATIONS,
    _CALL_KEYS,
    "create index idx_call_keys_call on call_keys (call_id)",
    _TRACE_LINKS,
    "create index idx_trace_links_call on trace_links (call_id)",
    _SUGGESTIONS,
    "create index idx_suggestions_date on suggestions (event_date)",
    "create index idx_suggestions_message on suggestions (provider_message_id)",
    _DAILY_SESSIONS,
    "create index idx_daily_session_metrics_date on daily_session_metrics (event_date)",
    _DAILY_GITHUB,
    "create index idx_daily_github_metrics_date on daily_github_metrics (event_date)",
    _DAILY_USAGE,
    _COVERAGE,
    "create index idx_capture_coverage_date on capture_coverage (event_date)",
    _DIRTY_DAYS,
    _REPOSITORIES,
    "insert into repositories (repo_id, host, slug) values (0, '', '')",
    _REPO_ALIASES,
    _PULL_REQUESTS,
    "create index idx_pull_requests_merged on pull_requests (merged_at)",
    _PR_EVENTS,
    "create index idx_pr_events_kind on pr_events (repo_id, number, event, created_at)",
    _COMMITS,
    "create index idx_commits_timestamp on commits (timestamp)",
    _COMMIT_PARENTS,
    _COMMIT_TRAILERS,
    _SYNC_STATE,
    _DEVELOPERS,
    _DEVELOPER_IDENTITIES,
    _CORRELATION_CACHE,
    _ETAG_STATE,
    _ETL_RUNS,
    "create index idx_etl_runs_job on etl_runs (job)",
    _SOURCE_FILES,
    _DEAD_LETTERS,
    _RESTATEMENTS,
    _PARQUET_FOLDERS,
    _PARQUET_CHANGES,
    _CALLS_UPDATED,
    _CALLS_DELETED,
    _SECRETS,
)
"""Every statement of the step, in order."""
