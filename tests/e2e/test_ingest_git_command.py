"""`ingest-git` and `developer` as a person types them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from fakes.git_repositories import (
    BOB,
    Repository,
    clone,
    git,
    merge_style,
    squash_style,
)
from prodlens.cli.__main__ import prod_lens
from prodlens.storage import ProdLensStore

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    monkeypatch.chdir(tmp_path)
    return Repository(tmp_path / "clone")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(prod_lens, ["--db", "cache.db", *arguments])


def document(*arguments: str) -> dict[str, Any]:
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def test_one_line_says_what_entered_and_how_much_could_be_told(repository: Repository) -> None:
    squash_style(repository)
    result = run("ingest-git", "clone", "--repo", "acme/payments")
    assert result.exit_code == 0
    assert result.stdout == (
        "✓ 4 commits and 3 pull requests added to acme/payments (main); of 4 commits in all, 75% "
        "carry the number of a pull request, at least 1 (25.0%) are AI-assisted\n"
    )
    assert "no time to merge and no rework rate" in result.stderr
    assert "75% of the commits of all repositories are by people of whom only" in result.stderr


def test_poor_coverage_is_said(repository: Repository) -> None:
    begin = repository.commit("Begin (#4)", at="2099-01-01T00:00:00Z")
    repository.commit("Next", begin)
    result = run("ingest-git", "clone", "--repo", "acme/payments")
    assert "Most commits name no pull request" in result.stderr
    assert "The number at the end of 1 subject may be an issue's" in result.stderr
    assert "1 commit landed at an impossible time" in result.stderr


def test_lines_are_counted_when_asked_for(repository: Repository) -> None:
    squash_style(repository)
    result = run("ingest-git", "clone", "--repo", "acme/payments", "--lines")
    assert "Lines counted for 4 commits." in result.stderr


def test_the_document_has_a_schema_and_plain_values(repository: Repository) -> None:
    shas = squash_style(repository)
    repository.lose(b"one\ntwo\n")
    found = document("ingest-git", "clone", "--repo", "acme/payments", "--lines")
    assert found == {
        "schema": "prodlens.ingest-git/1",
        "repo_slug": "acme/payments",
        "branch": "main",
        "head": shas[3],
        "instead_of": None,
        "previous_branch": None,
        "commits_added": 4,
        "commits_changed": 0,
        "commits_left": 0,
        "pull_requests_added": 3,
        "uncertain_numbers": 0,
        "rewritten": False,
        "outdated": False,
        "history_cut": False,
        "mail_map_read": True,
        "totals": {
            "commits": 4,
            "numbered": 3,
            "ai_assisted": 1,
            "pull_requests": 3,
            "impossible_dates": 0,
            "numbered_share": 0.75,
        },
        "lines": {"counted": 0, "unreadable": 4},
        "unresolved_commit_share": 0.75,
    }


def test_a_force_push_a_cut_and_an_old_clone_are_said(repository: Repository) -> None:
    made = merge_style(repository)
    old = clone(repository.path, repository.path.parent / "cut", "--depth=2")
    run("ingest-git", "clone", "--repo", "acme/payments")
    repository.point("main", made["merge7"])
    result = run("ingest-git", "clone", "--repo", "acme/payments")
    assert "Force push" in result.stderr
    assert "2 commits left it" in result.stderr
    refused = run("ingest-git", str(old), "--repo", "acme/other")
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "--allow-shallow" in refused.stderr
    result = run("ingest-git", str(old), "--repo", "acme/other", "--allow-shallow")
    assert "History cut" in result.stderr


def test_an_older_clone_is_told_what_to_do(repository: Repository) -> None:
    shas = squash_style(repository)
    repository.point("main", shas[1])
    clone(repository.path, repository.path.parent / "old")
    repository.point("main", shas[3])
    run("ingest-git", "clone", "--repo", "acme/payments")
    result = run("ingest-git", "old", "--repo", "acme/payments")
    assert result.exit_code == 0
    assert "This clone is older than what is stored, nothing was changed" in result.stderr


def test_what_was_read_instead_and_what_is_missing_is_said(repository: Repository) -> None:
    first = repository.commit(
        "Begin", files={".mailmap": b"Ada <ada@example.org> <a@example.org>\n"}
    )
    second = repository.commit("Next", first)
    folder = repository.path.parent
    git(clone(repository.path, folder / "copy"), "checkout", "--quiet", "-b", "mine", first)
    result = run("ingest-git", "copy", "--repo", "acme/payments")
    assert "main is the default branch; mine, which is checked out, was not read" in result.stderr
    repository.point("stable", first)
    result = run("ingest-git", "clone", "--repo", "acme/payments", "--branch", "stable")
    assert "stable was read, main before: 1 commit left the default branch." in result.stderr
    clone(repository.path, folder / "bare", "--bare", "--filter=blob:none")
    result = run("ingest-git", "bare", "--repo", "acme/other", "--lines", "--branch", "main")
    assert "The mail-map is missing from this partial clone" in result.stderr
    assert "Lines of 2 commits are not known: the clone lacks their contents" in result.stderr
    assert second in (folder / "bare" / "packed-refs").read_text(encoding="ascii")


def test_an_empty_repository_is_no_failure(repository: Repository) -> None:
    result = run("ingest-git", str(repository.path), "--repo", "acme/payments")
    assert (result.exit_code, result.stdout) == (0, "✓ acme/payments (main) has no commits yet\n")


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("missing", "--repo", "a/b"), 1, "does not exist: name the folder of a clone"),
        ((".", "--repo", "a/b"), 1, "is no git repository"),
        (("clone",), 1, "add --repo OWNER/NAME"),
        (("clone", "--repo", "../.."), 1, "is no repository"),
        (("clone", "--repo", "--lines"), 1, "is no repository"),
        ((), 2, "Missing argument 'PATH'"),
    ],
)
def test_bad_input_is_a_sentence_and_a_code(
    repository: Repository, arguments: tuple[str, ...], code: int, says: str
) -> None:
    squash_style(repository)
    result = run("ingest-git", *arguments)
    assert result.exit_code == code
    assert says in result.stderr
    assert "Traceback" not in result.output


def test_names_from_a_history_can_not_harm_a_terminal(repository: Repository) -> None:
    begin = repository.commit("x", author="\x1b[31mEve\u202e <1+eve@users.noreply.github.com>")
    repository.commit("y", begin, author="\x1b[31mEve\u202e <eve@example.org>")
    run("ingest-git", "clone", "--repo", "acme/payments")
    result = run("developer", "list")
    assert "Eve" in result.stdout
    assert "\x1b" not in result.stdout
    assert "\u202e" not in result.stdout


def test_developers_are_listed_with_evidence_and_proposals(repository: Repository) -> None:
    squash_style(repository)
    run("ingest-git", "clone", "--repo", "acme/payments")
    result = run("developer", "list")
    assert result.stdout.splitlines() == [
        "developer  name          identity                                known from",
        "ada        Ada Lovelace  email:101+ada@users.noreply.github.com  GitHub address",
        "ada        Ada Lovelace  github_id:101                           GitHub address",
        "ada        Ada Lovelace  github_login:ada                        GitHub address",
        "",
        "perhaps                is   because    accept with",
        (
            "email:ada@example.org  ada  same name  "
            "prod-lens developer link ada email:ada@example.org"
        ),
    ]
    assert result.stderr == ("3 of 4 commits (75%) are by people of whom only an e-mail is known\n")


def test_a_proposal_is_accepted_with_its_command_and_taken_back(repository: Repository) -> None:
    squash_style(repository)
    run("ingest-git", "clone", "--repo", "acme/payments")
    (proposal,) = document("developer", "list")["suggestions"]
    words = proposal["accept"].split()
    assert words[0] == "prod-lens"
    assert run(*words[1:]).stdout == "✓ ada is email:ada@example.org\n"
    found = document("developer", "list")
    assert (found["suggestions"], found["unresolved_commit_share"]) == ([], 0.5)
    result = run("developer", "unlink", "email:ada@example.org")
    assert result.stdout == "✓ email:ada@example.org stands alone; take it back with --undo\n"
    undone = run("developer", "unlink", "email:ada@example.org", "--undo")
    assert undone.stdout == "✓ What was said of email:ada@example.org is taken back\n"
    assert document("developer", "list")["suggestions"] == [proposal]


def test_developers_are_merged_and_parted(repository: Repository) -> None:
    begin = repository.commit("x", author="Bob <1+bob@users.noreply.github.com>")
    repository.commit("y", begin, author="Bobby <2+bobby@users.noreply.github.com>")
    run("ingest-git", "clone", "--repo", "acme/payments")
    assert run("developer", "merge", "bobby", "bob").stdout == "✓ bobby is bob\n"
    found = document("developer", "list")
    assert [one["developer_id"] for one in found["developers"]] == ["bob"]
    parted = run("developer", "unlink", "developer:bobby")
    assert parted.stdout == "✓ developer:bobby is merged into nobody any more\n"
    found = document("developer", "list")
    assert [one["developer_id"] for one in found["developers"]] == ["bob", "bobby"]
    assert run("developer", "merge", "eve", "bob").exit_code == 1


def test_calls_and_commits_meet_in_a_link(repository: Repository) -> None:
    squash_style(repository)
    run("ingest-git", "clone", "--repo", "acme/payments")
    with ProdLensStore("cache.db") as store:
        store.insert_sessions(
            [{"timestamp": "2026-09-01T00:00:00Z", "session_id": "s", "developer_id": "dev-42"}]
        )
    apart = run("developer", "list")
    assert "1 of 1 calls (100%) are by nobody of whom commits are known" in apart.stderr
    found = document("developer", "link", "Ada", "trace_user:dev-42", "login:ada")
    assert (found["unjoined_call_share"], found["unresolved_commit_share"]) == (0.0, 0.75)
    assert [one["developer_id"] for one in found["developers"]] == ["Ada"]


def test_nobody_is_known_in_the_beginning(repository: Repository) -> None:
    result = run("developer", "list")
    assert (result.exit_code, result.stdout) == (
        0,
        "Nobody is known yet: prod-lens ingest-git PATH, or prod-lens ingest-traces.\n",
    )
    repository.commit("x", author=BOB)


def test_a_run_is_noted(repository: Repository) -> None:
    squash_style(repository)
    run("ingest-git", "clone", "--repo", "acme/payments")
    with ProdLensStore("cache.db") as store:
        (row,) = store.conn.execute("select job, row_count, status, details from etl_runs")
    assert tuple(row)[:3] == ("ingest_git", 4, "ok")
    assert json.loads(row["details"])["repo"] == "acme/payments"
