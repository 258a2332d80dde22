from __future__ import annotations

from typing import Any

import pytest

from prodlens.sources.ai_trailers import Role
from prodlens.sources.github.payloads import (
    Account,
    EventRow,
    event_places,
    read_account,
    read_commits,
    read_events,
    read_pull_requests,
    read_repository,
)

PULL: dict[str, Any] = {
    "id": 900,
    "node_id": "PR_x",
    "number": 12,
    "state": "closed",
    "title": 'Revert "Add refunds (#11)"',
    "body": "Reverts Acme/Pay#11\n\nSecret words of the body.",
    "user": {"login": "Kim-D", "id": 5, "type": "User"},
    "labels": [{"name": "claude-code-assisted"}, {"name": None}, "bare"],
    "draft": False,
    "created_at": "2026-09-01T10:00:00Z",
    "updated_at": "2026-09-02T10:00:00Z",
    "closed_at": "2026-09-02T10:00:00Z",
    "merged_at": "2026-09-02T10:00:00Z",
    "merge_commit_sha": "ab" * 20,
    "head": {"ref": "topic", "repo": None},
    "base": {"ref": "main"},
}
COMMIT: dict[str, Any] = {
    "sha": "cd" * 20,
    "commit": {
        "author": {"name": " Kim ", "email": "Kim@Example.org", "date": "2026-09-01T09:00:00Z"},
        "committer": {
            "name": "GitHub",
            "email": "noreply@github.com",
            "date": "2026-09-02T10:00:00Z",
        },
        "message": "Add refunds (#12)\n\nCo-authored-by: Claude <noreply@anthropic.com>",
    },
    "author": {"login": "Kim-D", "id": 5, "type": "User"},
    "committer": None,
    "parents": [{"sha": "ef" * 20}],
}


def one(**changes: Any) -> dict[str, Any]:
    rows, unreadable = read_pull_requests([PULL | changes], ["acme/pay"])
    assert unreadable == 0
    return rows[0]


def test_a_pull_request_becomes_a_row() -> None:
    assert one() == {
        "number": 12,
        "id": 900,
        "node_id": "PR_x",
        "title": 'Revert "Add refunds (#11)"',
        "author": "Kim-D",
        "author_id": 5,
        "author_type": "User",
        "is_bot": False,
        "state": "closed",
        "draft": False,
        "created_at": "2026-09-01T10:00:00.000000Z",
        "merged_at": "2026-09-02T10:00:00.000000Z",
        "closed_at": "2026-09-02T10:00:00.000000Z",
        "updated_at": "2026-09-02T10:00:00.000000Z",
        "base_ref": "main",
        "head_ref": "topic",
        "merge_commit_sha": "ab" * 20,
        "reverts_number": 11,
        "labels": ["claude-code-assisted", "bare"],
    }


def test_the_trial_merge_of_an_open_pull_request_is_not_its_merge() -> None:
    assert one(merged_at=None)["merge_commit_sha"] is None


def test_a_revert_of_another_repository_says_nothing_here() -> None:
    assert one(title="Undo", body="Reverts other/repo#11")["reverts_number"] is None
    assert one(title="Undo", body="Reverts #11")["reverts_number"] == 11


@pytest.mark.parametrize("user", [None, {}, {"login": "ghost", "id": 10137, "type": "User"}, "x"])
def test_a_deleted_account_is_nobody(user: Any) -> None:
    row = one(user=user)
    assert (row["author"], row["author_id"], row["is_bot"]) == (None, None, None)


@pytest.mark.parametrize(
    "user",
    [
        {"login": "renovate[bot]", "type": "Bot"},
        {"login": "x[bot]"},
        {"login": "ci", "type": "Bot"},
    ],
)
def test_bots_are_programs(user: dict[str, Any]) -> None:
    assert one(user=user)["is_bot"] is True


@pytest.mark.parametrize(
    "item",
    [
        None,
        "x",
        {},
        PULL | {"number": None},
        PULL | {"number": True},
        PULL | {"updated_at": "soon"},
    ],
)
def test_what_has_no_number_or_time_is_counted_as_unreadable(item: Any) -> None:
    assert read_pull_requests([item], []) == ([], 1)


def test_fields_of_other_types_are_not_known() -> None:
    row = one(
        id="900", title=None, body=7, labels="none", draft="no", head=None, base=[], state=1,
        created_at=5, merge_commit_sha=7, node_id=None,
    )  # fmt: skip
    unknown = {name for name, value in row.items() if value is None}
    assert unknown == {
        *("id", "node_id", "title", "labels", "draft", "head_ref", "base_ref", "state"),
        *("created_at", "merge_commit_sha", "reverts_number"),
    }


def test_a_repository_is_its_number_and_its_name() -> None:
    document = {"id": 7, "full_name": "Acme/Pay", "default_branch": "trunk"}
    assert read_repository(document, "acme/old") == (7, "acme/pay", "trunk")
    assert read_repository({}, "acme/old") == (None, "acme/old", None)


def event(**changes: Any) -> dict[str, Any]:
    return {
        "id": 31,
        "event": "reopened",
        "actor": {"login": "kim", "id": 5},
        "commit_id": None,
        "created_at": "2026-09-02T11:00:00Z",
        "issue": {"number": 12, "pull_request": {"url": "..."}},
    } | changes


def test_an_event_of_the_whole_repository_names_its_pull_request() -> None:
    assert read_events([event()]) == [
        EventRow(31, 12, "reopened", "kim", "2026-09-02T11:00:00.000000Z", None)
    ]


def test_an_event_of_one_list_belongs_to_its_pull_request() -> None:
    assert [row.number for row in read_events([event(issue=None)], 8)] == [8]


@pytest.mark.parametrize(
    "item",
    [
        event(event="labeled"),
        event(id=None),
        event(issue=None),
        event(issue={"number": 12, "html_url": "https://github.com/a/b/issues/12"}),
        "x",
    ],
)
def test_events_that_say_nothing_about_delivery_are_left_out(item: Any) -> None:
    assert read_events([item]) == []


def test_an_event_whose_kind_is_no_text_is_left_out() -> None:
    assert read_events([{"id": 1, "event": ["reopened"], "issue": {"number": 4}}]) == []


def test_an_event_that_may_be_a_pull_requests_is_kept() -> None:
    assert [row.number for row in read_events([event(issue={"number": 12})])] == [12]


def test_places_are_told_of_all_events() -> None:
    items = [event(event="labeled"), event(id=30, created_at=None), "x"]
    assert event_places(items) == [(31, "2026-09-02T11:00:00.000000Z"), (30, "")]


def test_a_commit_becomes_facts() -> None:
    (facts,) = read_commits([COMMIT, {"sha": None}, "x"])
    assert facts.sha == "cd" * 20
    assert (facts.author, facts.author_login, facts.author_id) == ("Kim-D", "Kim-D", 5)
    assert (facts.author_name, facts.author_email) == ("Kim", "kim@example.org")
    assert facts.committer_email == "noreply@github.com"
    assert facts.authored_at == "2026-09-01T09:00:00.000000Z"
    assert facts.committed_at == "2026-09-02T10:00:00.000000Z"
    assert facts.subject == "Add refunds (#12)"
    assert facts.parents == ("ef" * 20,)
    assert facts.is_bot is False
    assert [(sign.vendor, sign.role) for sign in facts.signs] == [("anthropic", Role.AUTHOR)]


@pytest.mark.parametrize("author", [None, {}])
def test_a_commit_of_nobody_keeps_the_name_as_written(author: Any) -> None:
    (facts,) = read_commits([COMMIT | {"author": author}])
    assert (facts.author, facts.author_login, facts.author_id) == ("Kim", None, None)


def test_an_address_that_github_made_names_the_account_too() -> None:
    by = {"name": "Kim", "email": "5+kim-d@users.noreply.github.com", "date": None}
    commit = {**COMMIT["commit"], "author": by}
    (facts,) = read_commits([COMMIT | {"author": None, "commit": commit}])
    assert (facts.author_login, facts.author_id, facts.authored_at) == ("kim-d", 5, None)


def test_parents_that_are_not_told_are_unknown_not_none() -> None:
    without = {name: value for name, value in COMMIT.items() if name != "parents"}
    (root,) = read_commits([COMMIT | {"parents": []}])
    (unknown,) = read_commits([without])
    assert root.parents == ()
    assert unknown.parents is None


def test_an_account_without_type_may_be_anyone() -> None:
    assert read_account({"login": "kim"}) == Account("kim", None, None)
    assert read_account({"login": "kim"}).is_bot is False


def test_half_characters_of_a_message_can_be_stored() -> None:
    commit = COMMIT | {
        "commit": COMMIT["commit"]
        | {"message": "Fix \ud83d\n\nCo-authored-by: Claude \udca9 <noreply@anthropic.com>"}
    }
    (facts,) = read_commits([commit])
    assert facts.subject == "Fix ?"
    assert facts.signs[0].value == "Claude ? <noreply@anthropic.com>"
