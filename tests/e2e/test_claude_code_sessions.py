"""Copies, links and edits of Claude Code's sessions, whichever of their files is read first.

A forked session repeats the history it continues under its own id. Which session a call belongs to
shows only where all files that hold it are known, so that is looked at in the store.
"""

from __future__ import annotations

import itertools
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from prodlens.storage import ProdLensStore
from prodlens.trace_ingestion import IngestOptions, TraceIngestor

Line = dict[str, Any]
DATA = Path(__file__).parents[1] / "data"
NOW = datetime(2026, 11, 23, tzinfo=UTC)
OLD = "def greet():\n    print('helo')"
NEW = "def greet(name):\n    print('hello')\n    return name"
REJECTED = "The user doesn't want to proceed with this tool use. The tool use was rejected."


def answer(message: str, at: str, session: str, **changes: Any) -> Line:
    """Return the line of an answer of 10 and 2 tokens at a time of day."""
    return {
        "type": "assistant",
        "uuid": f"u-{message}",
        "timestamp": f"2026-11-22T{at}Z",
        "sessionId": session,
        "requestId": f"req_01{message}",
        "isSidechain": False,
        "entrypoint": "cli",
        "version": "2.1.197",
        "message": {
            "id": f"msg_01{message}",
            "model": "claude-sonnet-4-5",
            "content": changes.pop("content", []),
            "usage": {"input_tokens": 10, "output_tokens": 2},
        },
        **changes,
    }


def result(at: str, session: str, details: object, *, refused: bool = False, **more: Any) -> Line:
    """Return the line of the result of the tool call `toolu_1`."""
    block: Line = {"type": "tool_result", "tool_use_id": "toolu_1", "content": "Done."}
    if refused:
        block |= {"content": REJECTED, "is_error": True}
    return {
        "type": "user",
        "uuid": "u-result",
        "timestamp": f"2026-11-22T{at}Z",
        "sessionId": session,
        "promptId": "p-1",
        "message": {"role": "user", "content": [block]},
        "toolUseResult": details,
        **more,
    }


def edit(**given: Any) -> Line:
    said = given or {"file_path": "/home/dev/hello.py", "old_string": OLD, "new_string": NEW}
    name = "Write" if "content" in said else "Edit"
    return {"type": "tool_use", "id": "toolu_1", "name": name, "input": said}


def queued(at: str, session: str) -> Line:
    return {
        "type": "queue-operation",
        "operation": "enqueue",
        "timestamp": f"2026-11-22T{at}Z",
        "sessionId": session,
    }


def again(lines: list[Line], session: str, **changes: Any) -> list[Line]:
    """Return lines as a session copies them: its own id in each."""
    return [line | {"sessionId": session} | changes for line in lines if "uuid" in line]


class Files:
    """Writes transcripts and reads them into a store of their own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stores = itertools.count()

    def read(self, *files: list[Line]) -> ProdLensStore:
        folder = self._folder / str(next(self._stores))
        folder.mkdir()
        store = ProdLensStore(folder / "cache.db")
        ingestor = TraceIngestor(store, dead_letter_dir=folder / "dead", now=lambda: NOW)
        for number, lines in enumerate(files):
            path = folder / f"{number}.jsonl"
            path.write_text("".join(json.dumps(line) + "\n" for line in lines))
            (report,) = ingestor.ingest([str(path)], IngestOptions())
            assert (report.problem, report.set_aside) == (None, {})
        return store

    def in_every_order(self, *files: list[Line]) -> list[ProdLensStore]:
        return [self.read(*some) for some in itertools.permutations(files)]


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


def sessions(store: ProdLensStore) -> dict[str, str]:
    with store:
        rows = store.fetch_sessions()
    return {row["provider_message_id"].removeprefix("msg_01"): row["session_id"] for row in rows}


def links(store: ProdLensStore) -> set[tuple[str, str, str, str]]:
    with store:
        found = store.conn.execute("select session_id, kind, repo_slug, ref from session_links")
        return {tuple(row) for row in found}


def edits(store: ProdLensStore) -> list[Line]:
    with store:
        return [dict(row) for row in store.conn.execute("select * from suggestions")]


# Whose call it is ---------------------------------------------------------------------------

ORIGINAL = [answer("a", "10:00:00", "s-b"), answer("b", "10:01:00", "s-b")]


@pytest.mark.parametrize("fork", ["s-a", "s-c"])
def test_a_fork_by_a_program_keeps_only_what_came_after_its_first_prompt(
    fork: str, files: Files
) -> None:
    copied = again(ORIGINAL, fork, entrypoint="sdk-cli")
    own = answer("c", "10:10:01", fork, entrypoint="sdk-cli")
    for store in files.in_every_order(ORIGINAL, [queued("10:10:00", fork), *copied, own]):
        assert sessions(store) == {"a": "s-b", "b": "s-b", "c": fork}


@pytest.mark.parametrize("fork", ["s-a", "s-c"])
def test_a_fork_that_names_its_origin_leaves_it_what_it_copied(fork: str, files: Files) -> None:
    copied = again(ORIGINAL, fork, forkedFrom={"sessionId": "s-b"})
    for store in files.in_every_order(ORIGINAL, [*copied, answer("c", "10:10:01", fork)]):
        assert sessions(store) == {"a": "s-b", "b": "s-b", "c": fork}


@pytest.mark.parametrize("fork", ["s-a", "s-c"])
def test_a_session_that_a_program_resumed_later_keeps_what_it_had(fork: str, files: Files) -> None:
    resumed = [
        *ORIGINAL,
        queued("11:00:00", "s-b"),
        answer("d", "11:00:01", "s-b", entrypoint="sdk-cli"),
    ]
    copied = again(ORIGINAL, fork, entrypoint="sdk-cli")
    forked = [queued("10:10:00", fork), *copied, answer("c", "10:10:01", fork)]
    for store in files.in_every_order(resumed, forked):
        assert sessions(store) == {"a": "s-b", "b": "s-b", "c": fork, "d": "s-b"}


def test_a_fork_of_a_fork_leaves_each_session_its_own(files: Files) -> None:
    first = [
        queued("10:10:00", "s-c"),
        *again(ORIGINAL, "s-c", entrypoint="sdk-cli"),
        answer("c", "10:10:01", "s-c", entrypoint="sdk-cli"),
    ]
    second = [
        queued("10:20:00", "s-a"),
        *again(first, "s-a"),
        answer("d", "10:20:01", "s-a", entrypoint="sdk-cli"),
    ]
    for store in files.in_every_order(ORIGINAL, first, second):
        assert sessions(store) == {"a": "s-b", "b": "s-b", "c": "s-c", "d": "s-a"}


def test_a_fork_whose_origin_is_gone_counts_what_it_copied_once(files: Files) -> None:
    forked = [
        queued("10:10:00", "s-c"),
        *again(ORIGINAL, "s-c", entrypoint="sdk-cli"),
        answer("c", "10:10:01", "s-c", entrypoint="sdk-cli"),
    ]
    assert sessions(files.read(forked)) == {"a": "s-c", "b": "s-c", "c": "s-c"}


def test_a_fork_that_names_an_origin_that_is_gone_leaves_it_the_calls(files: Files) -> None:
    copied = again(ORIGINAL, "s-c", forkedFrom={"sessionId": "s-b"})
    found = sessions(files.read([*copied, answer("c", "10:10:01", "s-c")]))
    assert found == {"a": "s-b", "b": "s-b", "c": "s-c"}


def test_an_answer_a_moment_older_than_a_queued_prompt_is_no_copy(files: Files) -> None:
    own = [queued("10:00:00.500", "s-b"), answer("a", "10:00:00", "s-b", entrypoint="sdk-cli")]
    other = [answer("a", "10:00:00", "s-a", entrypoint="sdk-cli")]
    for store in files.in_every_order(own, other):
        assert sessions(store) == {"a": "s-b"}


def test_another_sessions_queue_says_nothing(files: Files) -> None:
    assert sessions(files.read([queued("10:10:00", "s-z"), *ORIGINAL])) == {"a": "s-b", "b": "s-b"}


# Links --------------------------------------------------------------------------------------

LINKED = [
    *ORIGINAL,
    {
        "type": "pr-link",
        "sessionId": "s-b",
        "prNumber": 42,
        "prUrl": "https://github.com/acme/widgets/pull/42",
        "prRepository": "acme/widgets",
        "timestamp": "2026-11-22T10:02:00Z",
    },
]


def test_a_link_names_the_repository_of_its_sessions_calls_in_whatever_file_they_stand(
    files: Files,
) -> None:
    for store in files.in_every_order(ORIGINAL, LINKED[-1:], [answer("z", "10:03:00", "s-z")]):
        with store:
            rows = store.fetch_sessions()
            assert {row["session_id"]: row["repo_slug"] for row in rows} == {
                "s-b": "acme/widgets",
                "s-z": None,
            }
        store.close()


def test_a_fork_that_repeats_a_link_links_no_second_pull_request(files: Files) -> None:
    made = result(
        "10:02:00",
        "s-b",
        {"gitOperation": {"pr": {"number": 42, "url": "https://github.com/acme/widgets/pull/42"}}},
    )
    copied = again([*ORIGINAL, made], "s-c", forkedFrom={"sessionId": "s-b"})
    own = answer("c", "10:10:01", "s-c")
    for store in files.in_every_order([*ORIGINAL, made], [*copied, own]):
        assert links(store) == {("s-b", "pull_request", "acme/widgets", "42")}


def test_a_copy_without_an_origin_repeats_the_same_pull_request_under_its_own_session(
    files: Files,
) -> None:
    forked = [
        queued("10:10:00", "s-c"),
        *again(ORIGINAL, "s-c", entrypoint="sdk-cli"),
        LINKED[-1] | {"sessionId": "s-c"},
        answer("c", "10:10:01", "s-c", entrypoint="sdk-cli"),
    ]
    for store in files.in_every_order(LINKED, forked):
        with store:
            repositories = {row["repo_slug"] for row in store.fetch_sessions()}
            found = store.conn.execute("select distinct kind, repo_slug, ref from session_links")
            # What is counted is the pull request: it stands once, however many sessions name it.
            assert [tuple(row) for row in found] == [("pull_request", "acme/widgets", "42")]
        assert repositories == {"acme/widgets"}


def test_a_session_that_links_two_repositories_names_none(files: Files) -> None:
    other = LINKED[-1] | {
        "prNumber": 7,
        "prUrl": "https://github.com/acme/gears/pull/7",
        "prRepository": "acme/gears",
    }
    with files.read([*LINKED, other]) as store:
        assert {row["repo_slug"] for row in store.fetch_sessions()} == {None}


# Edits --------------------------------------------------------------------------------------

PROPOSED = [answer("a", "10:00:00", "s-b", content=[edit()])]


def applied(*lines: str, **details: Any) -> Line:
    return {
        "filePath": "/home/dev/hello.py",
        "oldString": OLD,
        "newString": NEW,
        "structuredPatch": [{"lines": [f"+{line}" for line in lines]}],
        "userModified": False,
        **details,
    }


def test_a_rejected_edit_is_known_whose_proposal_stands_in_another_file(files: Files) -> None:
    refused = [result("10:00:30", "s-b", "User rejected tool use", refused=True)]
    for store in files.in_every_order(PROPOSED, refused):
        with store:
            (call,) = store.fetch_sessions()
            (one,) = store.conn.execute("select * from suggestions").fetchall()
        assert (one["suggestion_key"], one["tool"]) == ("tool:toolu_1", "Edit")
        assert (one["decision"], one["decided_by"]) == ("reject", "user")
        assert (one["proposed_lines"], one["applied_lines"]) == (3, 0)
        assert (call["accepted_flag"], call["accepted_lines"]) == (False, 0)
        assert call["accepted_source"] == "suggestions"


def test_a_rejection_without_its_proposal_is_no_edit(files: Files) -> None:
    refused = [result("10:00:30", "s-b", "User rejected tool use", refused=True)]
    other = [answer("a", "10:00:00", "s-b", content=[edit() | {"name": "Bash"}])]
    assert edits(files.read(refused)) == []
    assert [edits(store) for store in files.in_every_order(refused, other)] == [[], []]


def test_a_sub_agents_result_counts_for_the_edit_it_was_of(files: Files) -> None:
    for store in files.in_every_order(PROPOSED, [result("10:00:30", "s-b", None)]):
        (one,) = edits(store)
        assert (one["tool"], one["decision"], one["decided_by"]) == ("Edit", "accept", "unknown")
        assert (one["proposed_lines"], one["applied_lines"]) == (3, None)


def test_an_edit_that_a_person_changed_keeps_the_share_of_its_lines(files: Files) -> None:
    kept = applied(
        "def greet(name):", "    print('hello')", "    return name.title()", userModified=True
    )
    done = [result("10:00:30", "s-b", kept, permissionMode="default", entrypoint="cli")]
    for store in files.in_every_order(PROPOSED, done):
        with store:
            (call,) = store.fetch_sessions()
            (one,) = store.conn.execute("select * from suggestions").fetchall()
        assert (one["user_modified"], one["applied_lines"]) == (1, 3)
        assert one["diff_ratio"] == pytest.approx(2 * 2 / (3 + 3))
        assert (call["accepted_flag"], call["accepted_lines"]) == (True, 3)
        assert call["diff_ratio"] == pytest.approx(2 / 3)


def test_a_changed_new_file_is_compared_whole(files: Files) -> None:
    written = edit(file_path="n.py", content="alpha = 1\nbeta = 2\n")
    kept = {
        "type": "update",
        "filePath": "n.py",
        "content": "alpha = 1\nbeta = 3\n",
        "structuredPatch": [{"lines": ["-gamma = 1", "+alpha = 1", "+beta = 3"]}],
        "userModified": True,
    }
    proposed = [answer("a", "10:00:00", "s-b", content=[written])]
    for store in files.in_every_order(proposed, [result("10:00:30", "s-b", kept)]):
        (one,) = edits(store)
        assert (one["diff_ratio"], one["applied_lines"]) == (0.5, 2)


def test_a_changed_edit_without_its_proposal_has_no_share(files: Files) -> None:
    kept = applied("def greet(name):", userModified=True)
    (one,) = edits(files.read([result("10:00:30", "s-b", kept)]))
    assert (one["user_modified"], one["diff_ratio"], one["applied_lines"]) == (1, None, 1)


def test_an_edit_of_a_copied_history_belongs_to_the_session_of_its_call(files: Files) -> None:
    original = [*PROPOSED, result("10:00:30", "s-b", applied(*NEW.splitlines()))]
    for fork in ("s-a", "s-c"):
        copied = again(original, fork, entrypoint="sdk-cli")
        for store in files.in_every_order(original, [queued("10:10:00", fork), *copied]):
            (one,) = edits(store)
            assert one["session_id"] == "s-b"
            assert (one["decision"], one["applied_lines"], one["diff_ratio"]) == ("accept", 3, 1.0)


# Telemetry alone ----------------------------------------------------------------------------


def proposers(folder: Path, *patterns: str) -> Line:
    """Return the request id of the call that proposed each edit."""
    with ProdLensStore(folder / "cache.db") as store:
        ingestor = TraceIngestor(store, dead_letter_dir=folder / "dead", now=lambda: NOW)
        paths = sorted(str(path) for pattern in patterns for path in DATA.glob(pattern))
        ingestor.ingest(paths, IngestOptions())
        found = store.conn.execute(
            "select g.suggestion_key, s.provider_request_id from suggestions g"
            " left join sessions s on s.id = g.call_id"
        )
        return dict(found.fetchall())


def test_telemetry_alone_finds_the_calls_that_the_transcripts_name(tmp_path: Path) -> None:
    (tmp_path / "both").mkdir()
    telemetry = "claude_code_otel/*_logs.otlp.jsonl"
    told = proposers(tmp_path / "both", telemetry, "claude_code_transcripts/**/*.jsonl")
    alone = proposers(tmp_path, telemetry)
    assert len(alone) == 5
    assert alone == {edit: request for edit, request in told.items() if edit in alone}
    assert None not in alone.values()
