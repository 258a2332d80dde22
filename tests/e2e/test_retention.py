"""`prod-lens retention`: accepted edits against real git repositories, by value."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from fakes.git_repositories import BOB, Repository, clone, git
from prodlens.cli.__main__ import prod_lens
from prodlens.clock import parse_instant
from prodlens.errors import InputError, MissingPathError
from prodlens.retention import Retention
from prodlens.schemas import Decision, Suggestion
from prodlens.sources.edits import line_digests, path_digests, salted
from prodlens.storage import ProdLensStore, recording, suggestions
from prodlens.storage.merging import Place
from prodlens.trace_ingestion import TraceIngestor

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator
    from pathlib import Path

    from click.testing import Result

    from prodlens.retention import RetentionReport

SLUG = "acme/widgets"
LATER = datetime(2026, 11, 1, tzinfo=UTC)
GREETING = "def greet(name):\n    print('hello')\n    return name\n"
OTHER = b"something else entirely\n"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ProdLensStore]:
    with ProdLensStore(tmp_path / "cache.db") as opened:
        yield opened


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "widgets")


def moment(text: str) -> datetime:
    parsed = parse_instant(text)
    assert parsed is not None
    return parsed[0]


def accept(
    store: ProdLensStore,
    number: int,
    at: str,
    text: str = GREETING,
    *,
    path: str = "/home/dev/widgets/src/app.py",
    **more: Any,
) -> None:
    """Store one accepted edit as an adapter gives it."""
    given: dict[str, Any] = {
        "key": f"tool:toolu_{number:020d}",
        "source": "claude_code",
        "timestamp": moment(at),
        "repo_slug": SLUG,
        "tool": "Edit",
        "file_digests": path_digests(path),
        "line_digests": line_digests(text.splitlines()),
        "proposed_lines": len(text.splitlines()),
        "decision": Decision.ACCEPT,
        "decision_source": "result",
    }
    with store.transaction() as conn:
        salt = suggestions.salt(conn)
        records = recording.Records(
            suggestions=[(Suggestion(**given | more), Place(None, None, None))]
        )
        recording.record(conn, records, salted=lambda digests: salted(digests, salt))


def measure(
    store: ProdLensStore, where: Path, now: datetime = LATER, **more: Any
) -> RetentionReport:
    given: dict[str, Any] = {"repo_slug": SLUG}
    return Retention(store, now=now).measure(where, **given | more)


def stored(store: ProdLensStore) -> list[tuple[Any, ...]]:
    rows = store.conn.execute(
        "select retention_status, retained_lines, retained_at_sha from suggestions "
        "order by suggestion_key"
    )
    return [tuple(row) for row in rows]


def test_lines_of_the_next_commit_are_kept(store: ProdLensStore, repository: Repository) -> None:
    accept(store, 1, "2026-09-02T10:00:00")
    begin = repository.commit("Begin", at="2026-09-01T09:00:00Z", files={"src/app.py": OTHER})
    # Two of three lines, one of them with other white space.
    text = OTHER + b"def greet(name):\n\tprint('hello')\n    return name.upper()\n"
    sha = repository.commit("Add", begin, at="2026-09-02T11:00:00Z", files={"src/app.py": text})

    report = measure(store, repository.path)

    assert stored(store) == [("kept", 2, sha)]
    assert (report.total.found, report.total.lines, report.total.kept_lines) == (1, 3, 2)
    assert report.total.kept_share == pytest.approx(2 / 3)
    assert (report.coverage, report.commits, report.changed) == (1.0, 1, 1)


def test_a_commit_before_the_edit_does_not_count(
    store: ProdLensStore, repository: Repository
) -> None:
    repository.commit("Early", at="2026-09-02T09:59:59Z", files={"src/app.py": GREETING.encode()})
    accept(store, 1, "2026-09-02T10:00:00")

    assert measure(store, repository.path).total.not_committed == 1
    assert stored(store) == [("not_committed", 0, None)]


def test_pending_is_not_zero_and_becomes_zero_with_the_window(
    store: ProdLensStore, repository: Repository
) -> None:
    repository.commit("Begin", at="2026-09-01T09:00:00Z")
    accept(store, 1, "2026-09-02T10:00:00")

    open_yet = measure(store, repository.path, moment("2026-09-16T09:59:59"))
    assert stored(store) == [("pending", None, None)]
    assert (open_yet.total.pending, open_yet.total.lines, open_yet.total.kept_share) == (1, 0, None)
    assert open_yet.coverage == 0.0

    over = measure(store, repository.path, moment("2026-09-16T10:00:00"))
    assert stored(store) == [("not_committed", 0, None)]
    assert (over.total.lines, over.total.kept_share, over.coverage) == (3, 0.0, 1.0)


def test_the_window_can_be_longer(store: ProdLensStore, repository: Repository) -> None:
    accept(store, 1, "2026-09-02T10:00:00")
    sha = repository.commit(
        "Late", at="2026-09-20T10:00:00Z", files={"src/app.py": GREETING.encode()}
    )

    measure(store, repository.path)
    assert stored(store) == [("not_committed", 0, None)]
    measure(store, repository.path, window=timedelta(days=30))
    assert stored(store) == [("kept", 3, sha)]


def test_a_squash_by_somebody_else_keeps_the_lines(
    store: ProdLensStore, repository: Repository
) -> None:
    accept(store, 1, "2026-09-02T10:00:00", "def one(): pass\n")
    accept(store, 2, "2026-09-03T10:00:00", "def two(): pass\n")
    begin = repository.commit("Begin", at="2026-09-01T09:00:00Z", files={"src/app.py": OTHER})
    text = OTHER + b"def one(): pass\ndef two(): pass\n"
    sha = repository.commit(
        "Both (#1)", begin, at="2026-09-05T10:00:00Z", author=BOB, files={"src/app.py": text}
    )

    measure(store, repository.path)
    assert stored(store) == [("kept", 1, sha), ("kept", 1, sha)]


def test_a_rebase_after_the_window_keeps_the_lines(
    store: ProdLensStore, repository: Repository
) -> None:
    accept(store, 1, "2026-09-02T10:00:00")
    sha = repository.commit(
        "Rebased",
        authored="2026-09-02T11:00:00Z",
        at="2026-10-02T11:00:00Z",
        files={"src/app.py": GREETING.encode()},
    )

    measure(store, repository.path)
    assert stored(store) == [("kept", 3, sha)]


def test_each_committed_line_is_claimed_once_by_the_newest(
    store: ProdLensStore, repository: Repository
) -> None:
    accept(store, 1, "2026-09-02T10:00:00", "shared line here\nfirst only line\n")
    accept(store, 2, "2026-09-02T10:05:00", "shared line here\nsecond only line\n")
    text = b"shared line here\nfirst only line\nsecond only line\n"
    sha = repository.commit("Add", at="2026-09-02T11:00:00Z", files={"src/app.py": text})

    report = measure(store, repository.path)
    assert stored(store) == [("kept", 1, sha), ("kept", 2, sha)]
    assert (report.total.lines, report.total.kept_lines) == (4, 3)


def test_repeated_lines_count_as_often_as_they_were_committed(
    store: ProdLensStore, repository: Repository
) -> None:
    accept(store, 1, "2026-09-02T10:00:00", "call_it_again()\n" * 3)
    sha = repository.commit(
        "Add", at="2026-09-02T11:00:00Z", files={"src/app.py": b"call_it_again()\n" * 2}
    )

    measure(store, repository.path)
    assert stored(store) == [("kept", 2, sha)]


def test_work_of_others_that_landed_first_is_passed_over(
    store: ProdLensStore, repository: Repository
) -> None:
    accept(store, 1, "2026-09-02T10:00:00")
    first = repository.commit("Other", at="2026-09-02T11:00:00Z", files={"src/app.py": OTHER})
    text = OTHER + GREETING.encode()
    sha = repository.commit("Own", first, at="2026-09-03T11:00:00Z", files={"src/app.py": text})

    measure(store, repository.path)
    assert stored(store) == [("kept", 3, sha)]


def test_lines_that_were_thrown_away_are_zero_at_the_first_commit(
    store: ProdLensStore, repository: Repository
) -> None:
    accept(store, 1, "2026-09-02T10:00:00")
    first = repository.commit("Other", at="2026-09-02T11:00:00Z", files={"src/app.py": OTHER})
    # One line of three comes back by chance: not enough for a later commit.
    text = OTHER + b"    return name\n"
    repository.commit("Later", first, at="2026-09-04T11:00:00Z", files={"src/app.py": text})

    measure(store, repository.path, moment("2026-09-05T00:00:00"))
    assert stored(store) == [("pending", None, None)]
    measure(store, repository.path)
    assert stored(store) == [("kept", 0, first)]


def test_a_file_that_was_renamed_in_the_same_commit_is_found(
    store: ProdLensStore, repository: Repository
) -> None:
    old = b"".join(b"line number %d\n" % number for number in range(30))
    git(repository.path, "config", "user.email", "ada@example.org")
    git(repository.path, "config", "user.name", "Ada")
    (repository.path / "src").mkdir()
    (repository.path / "src" / "app.py").write_bytes(old)
    git(repository.path, "add", "-A")
    git(repository.path, "commit", "-qm", "Begin", "--date", "2026-09-01T09:00:00Z")
    git(repository.path, "mv", "src/app.py", "src/main.py")
    (repository.path / "src" / "main.py").write_bytes(old + GREETING.encode())
    git(repository.path, "commit", "-qam", "Move")
    written = git(repository.path, "log", "-1", "--format=%cI")
    proposed = moment(written) - timedelta(hours=1)
    accept(store, 1, proposed.isoformat())

    measure(store, repository.path, proposed + timedelta(days=30))
    assert [row[:2] for row in stored(store)] == [("kept", 3)]


def test_the_longest_path_is_the_file(store: ProdLensStore, repository: Repository) -> None:
    accept(store, 1, "2026-09-02T10:00:00", path="/work/tree/src/app.py")
    files = {"app.py": GREETING.encode(), "src/app.py": b"def greet(name):\n"}
    sha = repository.commit("Add", at="2026-09-02T11:00:00Z", files=files)

    measure(store, repository.path)
    assert stored(store) == [("kept", 1, sha)]


def test_a_merge_adds_nothing_of_its_own(store: ProdLensStore, repository: Repository) -> None:
    accept(store, 1, "2026-09-02T10:00:00")
    begin = repository.commit("Begin", at="2026-09-01T09:00:00Z")
    side = repository.commit(
        "Side",
        begin,
        at="2026-09-02T11:00:00Z",
        files={"src/app.py": GREETING.encode()},
        branch=None,
    )
    repository.commit(
        "Merge",
        begin,
        side,
        at="2026-09-10T11:00:00Z",
        files={"src/app.py": GREETING.encode()},
    )

    measure(store, repository.path)
    assert stored(store) == [("kept", 3, side)]


def test_rejected_edits_and_those_of_other_repositories_are_left_alone(
    store: ProdLensStore, repository: Repository
) -> None:
    accept(store, 1, "2026-09-02T10:00:00", decision=Decision.REJECT)
    accept(store, 2, "2026-09-02T10:00:00", repo_slug="acme/gadgets")
    repository.commit("Add", at="2026-09-02T11:00:00Z", files={"src/app.py": GREETING.encode()})

    report = measure(store, repository.path)
    assert stored(store) == [(None, None, None), (None, None, None)]
    assert (report.accepted, report.coverage, report.total.edits) == (0, None, 0)


def test_edits_of_no_known_repository_need_more_than_a_common_line(
    store: ProdLensStore, repository: Repository
) -> None:
    for number, path in ((1, "/w/other/src/app.py"), (2, "/w/widgets/lib/b.py"), (3, "/w/x/c.py")):
        accept(store, number, "2026-09-02T10:00:00", repo_slug=None, path=path)
    files = {
        "src/app.py": b"    return name\n",
        "lib/b.py": b"    return name\n",
        "c.py": GREETING.encode(),
    }
    sha = repository.commit("Add", at="2026-09-02T11:00:00Z", files=files)

    report = measure(store, repository.path)
    # The first is somebody else's src/app.py, the second names the clone's folder, the third is
    # found whole.
    assert stored(store) == [(None, None, None), ("kept", 1, sha), ("kept", 3, sha)]
    assert report.elsewhere == 1


def test_running_again_changes_nothing(store: ProdLensStore, repository: Repository) -> None:
    accept(store, 1, "2026-09-02T10:00:00")
    accept(store, 2, "2026-09-02T10:00:00", path="/home/dev/widgets/never.py")
    repository.commit("Add", at="2026-09-02T11:00:00Z", files={"src/app.py": GREETING.encode()})

    first = measure(store, repository.path)
    before = stored(store)
    again = measure(store, repository.path)
    assert (first.changed, again.changed) == (2, 0)
    assert stored(store) == before
    assert again.total == first.total


def test_what_was_found_on_another_branch_stays(
    store: ProdLensStore, repository: Repository
) -> None:
    accept(store, 1, "2026-09-02T10:00:00")
    begin = repository.commit("Begin", at="2026-09-01T09:00:00Z")
    sha = repository.commit(
        "Work",
        begin,
        at="2026-09-02T11:00:00Z",
        files={"src/app.py": GREETING.encode()},
        branch="feature",
    )

    measure(store, repository.path, branch="feature")
    report = measure(store, repository.path)
    assert stored(store) == [("kept", 3, sha)]
    assert (report.earlier, report.changed, report.total.edits) == (1, 0, 0)


def note_on(repository: Repository, sha: str, text: str) -> None:
    git(repository.path, "config", "user.email", "ada@example.org")
    git(repository.path, "config", "user.name", "Ada")
    git(repository.path, "notes", "--ref=ai", "add", "-f", "-m", text, sha)


def test_notes_of_git_ai_confirm_lines_and_keep_those_of_people_out(
    store: ProdLensStore, repository: Repository
) -> None:
    accept(store, 1, "2026-09-02T10:00:00")
    sha = repository.commit(
        "Add", at="2026-09-02T11:00:00Z", files={"src/app.py": GREETING.encode()}
    )
    meta = {"schema_version": "authorship/3.0.0", "base_commit_sha": sha, "prompts": {}}
    note_on(
        repository,
        sha,
        "src/app.py\n  s_0123456789abcd::t_fedcba98765432 1\n  h_0123456789abcd 3\n---\n"
        + json.dumps(meta),
    )

    report = measure(store, repository.path)
    assert stored(store) == [("kept", 2, sha)]
    notes = report.notes
    assert (notes.commits, notes.lines, notes.confirmed, notes.people) == (1, 2, 1, 1)


def test_a_note_of_another_version_says_nothing(
    store: ProdLensStore, repository: Repository
) -> None:
    accept(store, 1, "2026-09-02T10:00:00")
    sha = repository.commit(
        "Add", at="2026-09-02T11:00:00Z", files={"src/app.py": GREETING.encode()}
    )
    note_on(repository, sha, 'src/app.py\n  h_0123456789abcd 1-3\n---\n{"schema_version": "x/9"}')

    assert measure(store, repository.path).notes.commits == 0
    assert stored(store) == [("kept", 3, sha)]


def test_the_cut_of_a_shallow_clone_adds_no_lines(
    store: ProdLensStore, repository: Repository, tmp_path: Path
) -> None:
    accept(store, 1, "2026-09-02T10:00:00")
    whole = GREETING.encode()
    first = repository.commit("Add", at="2026-09-02T11:00:00Z", files={"src/app.py": whole})
    repository.commit("More", first, at="2026-09-03T11:00:00Z", files={"b.py": OTHER})
    shallow = clone(repository.path, tmp_path / "shallow", "--depth", "1")

    report = measure(store, shallow)
    assert report.history_cut
    assert stored(store) == [("not_committed", 0, None)]


def test_a_clone_without_contents_says_what_is_missing(
    store: ProdLensStore, repository: Repository, tmp_path: Path
) -> None:
    accept(store, 1, "2026-09-02T10:00:00")
    repository.commit("Add", at="2026-09-02T11:00:00Z", files={"src/app.py": GREETING.encode()})
    partial = clone(repository.path, tmp_path / "partial", "--filter=blob:none", "--no-checkout")

    with pytest.raises(InputError, match="lacks contents of files"):
        measure(store, partial)
    assert stored(store) == [(None, None, None)]


def test_a_folder_that_is_no_clone_is_named(store: ProdLensStore, tmp_path: Path) -> None:
    with pytest.raises(MissingPathError, match="nowhere"):
        measure(store, tmp_path / "nowhere")


def test_an_empty_repository_holds_nothing_yet(
    store: ProdLensStore, repository: Repository
) -> None:
    accept(store, 1, "2026-09-02T10:00:00")
    assert measure(store, repository.path, moment("2026-09-03T00:00:00")).head is None
    assert stored(store) == [("pending", None, None)]


# As a person types it --------------------------------------------------------------------------

MARKER = "XyzzyPlughMarker"
EDIT_ID = "toolu_0102631a8eb7d94de78a31cd"


def litellm_log(path: Path) -> Path:
    """Write two calls: one that proposes an edit, one that replays its result."""
    use = {
        "type": "tool_use",
        "id": EDIT_ID,
        "name": "Edit",
        "input": {
            "file_path": f"/home/{MARKER}/widgets/src/app.py",
            "old_string": f"{MARKER} = 1",
            "new_string": f"{MARKER} = 2\nprint({MARKER})",
        },
    }
    result = {
        "type": "tool_result",
        "tool_use_id": EDIT_ID,
        "content": f"The file /home/{MARKER}/app.py has been updated successfully. {MARKER}",
    }
    common = {
        "call_type": "anthropic_messages",
        "status": "success",
        "model": "claude-sonnet-4-5",
        "prompt_tokens": 10,
        "completion_tokens": 5,
        "response_cost": 0.001,
        "hidden_params": {},
        "metadata": {},
        "request_tags": [f"repo:github.com/{SLUG}"],
    }
    ask = {"role": "user", "content": MARKER}
    first = common | {
        "id": "msg_0120fe5635b9f9483e99c409",
        "startTime": 1788343200.0,
        "endTime": 1788343201.0,
        "messages": [ask],
        "response": {"content": [use], "role": "assistant"},
    }
    second = common | {
        "id": "msg_01f151b2874ae6499fb956b8",
        "startTime": 1788343210.0,
        "endTime": 1788343211.0,
        "messages": [
            ask,
            {"role": "assistant", "content": [use]},
            {"role": "user", "content": [result]},
        ],
        "response": {"content": [{"type": "text", "text": MARKER}], "role": "assistant"},
    }
    path.write_text("".join(json.dumps(one) + "\n" for one in (second, first)), encoding="utf-8")
    return path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(prod_lens, ["--db", "cache.db", *arguments])


def test_from_a_proxy_log_to_a_share_and_no_body_on_the_way(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    log = litellm_log(tmp_path / "log.jsonl")
    with ProdLensStore("cache.db") as store:
        assert TraceIngestor(store).ingest_file(log) == 2
        rows = store.conn.execute(
            "select suggestion_key, decision, decision_source, proposed_lines, applied_lines, "
            "provider_message_id, repo_slug, timestamp from suggestions"
        ).fetchall()
        assert [tuple(row) for row in rows] == [
            (
                f"tool:{EDIT_ID}",
                "accept",
                "replay",
                2,
                2,
                "msg_0120fe5635b9f9483e99c409",
                SLUG,
                "2026-09-02T10:00:01.000000Z",
            )
        ]
        accepted = store.conn.execute(
            "select accepted_flag, accepted_lines from sessions order by timestamp"
        ).fetchall()
        assert [tuple(row) for row in accepted] == [(1, 2), (None, None)]
    text = f"{MARKER} = 2\n".encode()
    sha = repository.commit("Add", at="2026-09-02T11:00:00Z", files={"src/app.py": text})

    result = run("retention", "--repo", "widgets", "--slug", SLUG)

    assert result.exit_code == 0, result.output
    assert result.stdout == (
        "tool  edits  found  not committed  pending  lines  kept  share\n"
        "Edit      1      1              0        0      2     1  50%\n"
    )
    assert result.stderr == (
        "Known for 1 of 1 accepted edit (100%), from 1 commit of main, each within 14 days of its "
        "edit.\n"
    )
    with ProdLensStore("cache.db") as store:
        assert stored(store) == [("kept", 1, sha)]
    for written in tmp_path.glob("cache.db*"):
        assert MARKER.encode() not in written.read_bytes()
    assert not [
        path
        for path in (tmp_path / ".prod-lens").rglob("*")
        if path.is_file() and MARKER.encode() in path.read_bytes()
    ]


def test_json_holds_the_same_numbers(
    store: ProdLensStore, repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    accept(store, 1, "2026-09-02T10:00:00")
    accept(store, 2, "2026-09-02T10:00:00", path="/home/dev/widgets/never.py", tool="Write")
    sha = repository.commit(
        "Add", at="2026-09-02T11:00:00Z", files={"src/app.py": GREETING.encode()}
    )

    result = run("retention", "--repo", "widgets", "--slug", SLUG, "--json")

    assert result.exit_code == 0, result.output
    row = {"not_committed": 0, "pending": 0, "lines": 3}
    assert json.loads(result.stdout) == {
        "schema": "prodlens.retention/1",
        "repo_slug": SLUG,
        "branch": "main",
        "head": sha,
        "window_days": 14,
        "accepted": 2,
        "elsewhere": 0,
        "earlier": 0,
        "commits": 1,
        "history_cut": False,
        "changed": 2,
        "coverage": 1.0,
        "total": {
            "tool": "all",
            "edits": 2,
            "found": 1,
            "not_committed": 1,
            "pending": 0,
            "lines": 6,
            "kept_lines": 3,
            "kept_share": 0.5,
        },
        "tools": [
            {"tool": "Edit", "edits": 1, "found": 1, "kept_lines": 3, "kept_share": 1.0} | row,
            {"tool": "Write", "edits": 1, "found": 0, "kept_lines": 0, "kept_share": 0.0}
            | row
            | {"not_committed": 1},
        ],
        "git_ai_notes": {"commits": 0, "lines": 0, "confirmed": 0, "people": 0},
    }


def test_without_edits_it_says_where_they_come_from(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    repository.commit("Begin")
    result = run("retention", "--repo", "widgets")

    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr.startswith("No accepted edit is known yet.")


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--window", "soon"), 2, "'soon' is no number of days"),
        (("--window", "0d"), 2, "'0d' is no number of days"),
        (("--repo", "nowhere"), 1, "does not exist"),
        (("--repo", "widgets", "--branch", "none"), 1, "has no branch 'none'"),
        (("--repo", "widgets", "--slug", "no slug"), 1, "no slug"),
    ],
)
def test_what_can_not_be_done_is_said(
    arguments: tuple[str, ...],
    code: int,
    said: str,
    repository: Repository,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    repository.commit("Begin")
    result = run("retention", *arguments)

    assert result.exit_code == code, result.output
    assert said in result.stderr


def test_an_interrupted_run_is_finished_by_the_next(
    store: ProdLensStore, repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        accept(store, number, "2026-09-02T10:00:00", f"line of edit {number}\n")
    text = b"".join(b"line of edit %d\n" % number for number in range(3))
    sha = repository.commit("Add", at="2026-09-02T11:00:00Z", files={"src/app.py": text})
    monkeypatch.setattr("prodlens.retention.measuring._BATCH", 1)
    write, calls = suggestions.set_retention, list[int]()

    def failing(conn: sqlite3.Connection, one: int, **values: Any) -> bool:
        calls.append(one)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return write(conn, one, **values)

    monkeypatch.setattr(suggestions, "set_retention", failing)
    with pytest.raises(KeyboardInterrupt):
        measure(store, repository.path)
    assert sum(row[0] is None for row in stored(store)) == 2

    assert measure(store, repository.path).changed == 2
    assert stored(store) == [("kept", 1, sha)] * 3
