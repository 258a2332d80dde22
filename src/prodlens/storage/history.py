"""SQL of what a local clone tells: commits in bulk, their graph, trailers, cursors, reachability.

Row by row, `prodlens.storage.delivery` says the same; this module exists because a history has
hundreds of thousands of commits. Knows no git. Every write marks the days whose figures it changes.
"""

from __future__ import annotations

import json
from operator import attrgetter
from typing import TYPE_CHECKING, Final, NamedTuple

from prodlens.storage import dirty_days

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Mapping, Sequence

SOURCE: Final = "git"
"""What the column `source` of a row says that is known from a clone alone."""
STREAM: Final = "git"
"""Stream of `sync_state` that holds the cursor of a clone."""
MAIL_MAP: Final = "mail_map"
"""Stream of `sync_state` that holds, by e-mail, the e-mail that a mail-map makes of it."""


class Trailer(NamedTuple):
    """A sign of AI assistance: columns of `commit_trailers` behind `sha`."""

    key: str
    value: str
    ai_vendor: str
    ai_model: str | None
    ai_role: str
    session_ref: str | None


class HistoryRow(NamedTuple):
    """A commit on the default branch, as a clone tells it; columns of `commits` by their names.

    Attributes:
        landed_at: Fixed-width UTC text; None when no possible time is known. It is the row's
            `timestamp` too: a commit without one counts on no day.
        parents: Hashes, the first parent first.
        trailers: Signs of AI assistance.
    """

    sha: str
    author: str | None
    author_name: str
    author_email: str
    author_login: str | None
    author_id: int | None
    committer_email: str
    authored_at: str | None
    committed_at: str | None
    landed_at: str | None
    subject: str
    is_merge: int
    is_bot: int
    pr_number: int | None
    reverts_sha: str | None
    parents: tuple[str, ...]
    trailers: tuple[Trailer, ...]


class Written(NamedTuple):
    """What a batch changed: commits that are new, and commits that say something else now."""

    added: int
    changed: int


class Totals(NamedTuple):
    """What stands about the default branch of one repository.

    Attributes:
        commits: Commits that are no merges.
        numbered: Those of them with a pull request's number.
        ai_assisted: Those of them with a sign that an assistant wrote some of it.
        pull_requests: Merged pull requests.
        impossible_dates: Commits, merges included, that count on no day.
    """

    commits: int
    numbered: int
    ai_assisted: int
    pull_requests: int
    impossible_dates: int


_SHA: Final = attrgetter("sha")
_COLUMNS: Final = HistoryRow._fields[:-2]
_LARGER: Final = (
    "author_name",
    "author_email",
    "author_login",
    "author_id",
    "committer_email",
    "authored_at",
    "committed_at",
    "subject",
    "is_bot",
    "reverts_sha",
    "source",
)
"""Where another source differs the larger value stands, as in `delivery.insert_commits`."""


def _either(name: str) -> str:
    known = f"coalesce(max({name}, excluded.{name}), {name}, excluded.{name})"
    return f"{name} = case when source = '{SOURCE}' then excluded.{name} else {known} end"


def _upsert(*, certain: bool) -> str:
    """Return the statement; a complete history decides landings, another one only adds them."""
    places = ", ".join(f"?{place + 2}" for place in range(len(_COLUMNS)))
    known = "" if certain else "landed_at, "
    number = f"source = '{SOURCE}'" if certain else "false"
    return f"""
insert into commits (repo_id, {", ".join(_COLUMNS)}, timestamp, source, on_default_branch)
values (?1, {places}, ?{_COLUMNS.index("landed_at") + 2}, '{SOURCE}', 1)
on conflict (repo_id, sha) do update set
    {", ".join(_either(name) for name in _LARGER)},
    author = coalesce(author_login, excluded.author_login, author, excluded.author),
    is_merge = excluded.is_merge,
    on_default_branch = 1,
    landed_at = coalesce(null, {known}excluded.landed_at),
    timestamp = coalesce(null, {known}excluded.landed_at),
    pr_number = case when {number} then excluded.pr_number
        else coalesce(pr_number, excluded.pr_number) end
"""


_WRITE_COMMIT: Final = {certain: _upsert(certain=certain) for certain in (True, False)}
_KNOWN: Final = """
select * from commits
where repo_id = :repo_id and sha in (select value from json_each(:shas))
"""
_ADD_PARENT: Final = """
insert or ignore into commit_parents (repo_id, sha, parent, position) values (?, ?, ?, ?)
"""
_FORGET_TRAILERS: Final = """
delete from commit_trailers
where repo_id = :repo_id and sha in (select value from json_each(:shas))
"""
_ADD_TRAILER: Final = f"""
insert or ignore into commit_trailers (repo_id, sha, {", ".join(Trailer._fields)})
values (?, ?, {", ".join("?" * len(Trailer._fields))})
"""
_REACH: Final = """
with recursive reach (sha) as (
    select :{name}
    union
    select p.parent from reach r join commit_parents p on p.repo_id = :repo_id and p.sha = r.sha
)
select sha from reach
"""
_REACHES: Final = f"select 1 where :sha in ({_REACH.format(name='head')})"
_LEAVE: Final = f"""
update commits set on_default_branch = 0
where repo_id = :repo_id and on_default_branch = 1
    and sha in ({_REACH.format(name="old")})
    and sha not in ({_REACH.format(name="head")})
returning timestamp
"""
_SET_STATE: Final = """
insert into sync_state (repo_id, stream, key, value) values (?, ?, ?, ?)
on conflict (repo_id, stream, key) do update set value = excluded.value
"""
_PEOPLE: Final = """
select distinct author_name, author_email,
    case when author_login is null and source = 'git' then author end as shown
from commits where repo_id = :repo_id and author_email <> ''
"""
_RENAME: Final = """
update commits set author = json_extract(new.value, '$[2]')
from json_each(:people) as new
where repo_id = :repo_id and author_login is null and source = 'git'
    and author_name = json_extract(new.value, '$[0]')
    and author_email = json_extract(new.value, '$[1]')
"""
_UNCOUNTED: Final = """
select sha from commits
where repo_id = ? and additions is null and is_merge = 0 and on_default_branch = 1
order by landed_at, sha
"""
_SET_LINES: Final = """
update commits set additions = ?, deletions = ?, files = ? where repo_id = ? and sha = ?
"""
_TOTALS: Final = """
select count(*) filter (where is_merge = 0) as commits,
    count(pr_number) filter (where is_merge = 0) as numbered,
    count(*) filter (where is_merge = 0 and exists (
        select 1 from commit_trailers t
        where t.repo_id = c.repo_id and t.sha = c.sha and t.ai_role = 'author'
    )) as ai_assisted,
    (select count(*) from pull_requests p
        where p.repo_id = :repo_id and p.merged_at is not null) as pull_requests,
    count(*) filter (where timestamp is null) as impossible_dates
from commits c where repo_id = :repo_id and on_default_branch = 1
"""
_FINISH: Final = """
update repositories set synced_at = coalesce(:now, synced_at), head_sha = coalesce(:head, head_sha),
    default_branch = coalesce(default_branch, :branch)
where repo_id = :repo_id
"""


def state(conn: sqlite3.Connection, repo_id: int, stream: str = STREAM) -> dict[str, str]:
    """Return what a stream of a repository remembers, by key."""
    rows = conn.execute(
        "select key, value from sync_state where repo_id = ? and stream = ?", (repo_id, stream)
    )
    return {row["key"]: row["value"] for row in rows}


def set_state(
    conn: sqlite3.Connection, repo_id: int, values: Mapping[str, str], stream: str = STREAM
) -> None:
    """Remember values of a stream, in the transaction of the rows they stand for."""
    conn.executemany(_SET_STATE, [(repo_id, stream, key, value) for key, value in values.items()])


def replace_state(
    conn: sqlite3.Connection, repo_id: int, values: Mapping[str, str], stream: str
) -> None:
    """Let a stream remember these values and no others; caller's transaction."""
    if state(conn, repo_id, stream) != values:
        conn.execute("delete from sync_state where repo_id = ? and stream = ?", (repo_id, stream))
        set_state(conn, repo_id, values, stream)


def finish(
    conn: sqlite3.Connection, repo_id: int, *, now: str | None, head: str | None, branch: str | None
) -> None:
    """Note on the repository that a sync ended well; None leaves what stands there."""
    conn.execute(_FINISH, {"repo_id": repo_id, "now": now, "head": head, "branch": branch})


def has_commits(conn: sqlite3.Connection, repo_id: int) -> bool:
    """Return whether anything is known of the history of a repository, from any source."""
    found = conn.execute("select 1 from commits where repo_id = ? limit 1", (repo_id,))
    return found.fetchone() is not None


def knows_any(conn: sqlite3.Connection, repo_id: int, shas: Sequence[str]) -> bool:
    """Return whether one of the commits is stored for a repository."""
    names = {"repo_id": repo_id, "shas": json.dumps(list(shas))}
    return conn.execute(f"{_KNOWN} limit 1", names).fetchone() is not None


def reaches(conn: sqlite3.Connection, repo_id: int, head: str, sha: str) -> bool:
    """Return whether stored parents lead from `head` to a commit."""
    names = {"repo_id": repo_id, "head": head, "sha": sha}
    return conn.execute(_REACHES, names).fetchone() is not None


def write_commits(
    conn: sqlite3.Connection, repo_id: int, rows: Sequence[HistoryRow], *, certain: bool
) -> Written:
    """Store commits of the default branch with their parents and trailers; caller's transaction.

    Known fields are never lost; see `delivery.insert_commits`. When it landed, and with which pull
    request, a complete history knows better than what was stored before.

    Args:
        conn: The connection, in a transaction.
        repo_id: The repository.
        rows: The commits, each once.
        certain: Whether the history is complete. If not, known landings stay.

    Returns:
        How many are new or changed. Days whose figures that moves are marked.
    """
    asked = {"repo_id": repo_id, "shas": json.dumps([row.sha for row in rows])}
    before = {row["sha"]: row for row in conn.execute(_KNOWN, asked)}
    rows = sorted(rows, key=_SHA)  # neighbours in the index are written together
    width = len(_COLUMNS)
    conn.executemany(_WRITE_COMMIT[certain], [(repo_id, *row[:width]) for row in rows])
    after = {row["sha"]: row for row in conn.execute(_KNOWN, asked)} if before else {}
    changed = [sha for sha, row in before.items() if tuple(row) != tuple(after[sha])]
    if before:
        conn.execute(_FORGET_TRAILERS, asked | {"shas": json.dumps(list(before))})
    conn.executemany(_ADD_PARENT, _parents(repo_id, rows))
    conn.executemany(
        _ADD_TRAILER, [(repo_id, row.sha, *trailer) for row in rows for trailer in row.trailers]
    )
    new = {row.landed_at for row in rows if row.sha not in before}
    moved = {row["timestamp"] for sha in changed for row in (before[sha], after[sha])}
    dirty_days.mark(conn, dirty_days.GITHUB, {time[:10] for time in new | moved if time})
    return Written(len(rows) - len(before), len(changed))


def _parents(repo_id: int, rows: Iterable[HistoryRow]) -> list[tuple[int, str, str, int]]:
    return [
        (repo_id, row.sha, parent, position)
        for row in rows
        for position, parent in enumerate(row.parents)
    ]


def leave_branch(conn: sqlite3.Connection, repo_id: int, old: str, head: str) -> int:
    """Take commits off the default branch that only its old head reached; return how many.

    Decided by stored parents. Commits that neither head reaches, such as newer ones another source
    told of, stay as they are. Marks the days they landed on.
    """
    names = {"repo_id": repo_id, "old": old, "head": head}
    times = [row[0] for row in conn.execute(_LEAVE, names)]
    dirty_days.mark(conn, dirty_days.GITHUB, {time[:10] for time in times if time})
    return len(times)


def people(conn: sqlite3.Connection, repo_id: int) -> list[tuple[str, str, str | None]]:
    """Return authors: name and e-mail as written, and the name shown.

    The name shown is None where a login is shown, or another source says what is shown.
    """
    return [tuple(row) for row in conn.execute(_PEOPLE, {"repo_id": repo_id})]


def rename_people(
    conn: sqlite3.Connection, repo_id: int, names: Sequence[tuple[str, str, str]]
) -> None:
    """Show other names: `(name as written, e-mail as written, name to show)`."""
    if names:
        conn.execute(_RENAME, {"repo_id": repo_id, "people": json.dumps(names)})


def uncounted(conn: sqlite3.Connection, repo_id: int) -> list[str]:
    """Return commits whose lines are not known, oldest first: neighbours are read faster by git.

    Merges are left out: they have no lines of their own.
    """
    return [row["sha"] for row in conn.execute(_UNCOUNTED, (repo_id,))]


def set_lines(
    conn: sqlite3.Connection, repo_id: int, counts: Mapping[str, tuple[int, int, int]]
) -> None:
    """Store lines added, lines removed and files changed by hash; caller's transaction."""
    conn.executemany(_SET_LINES, [(*lines, repo_id, sha) for sha, lines in counts.items()])


def totals(conn: sqlite3.Connection, repo_id: int) -> Totals:
    """Return what stands about one repository; other repositories never enter."""
    return Totals(*conn.execute(_TOTALS, {"repo_id": repo_id}).fetchone())
