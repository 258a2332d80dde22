"""What a local clone tells, in one step or many, with force pushes, cuts and damage."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from fakes.git_repositories import (
    BOB,
    GITHUB,
    Repository,
    clone,
    git,
    merge_style,
    squash_style,
)
from prodlens.aggregation import DailyAggregator
from prodlens.errors import InputError, MissingPathError
from prodlens.git_etl import GitETL, LineReport
from prodlens.storage import ProdLensStore

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prodlens.git_etl import GitSyncReport

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
SLUG = "acme/payments"
Row = dict[str, Any]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ProdLensStore]:
    with ProdLensStore(tmp_path / "cache.db") as opened:
        yield opened


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "clone")


def sync(
    store: ProdLensStore, where: Repository | Path, slug: str | None = SLUG, **options: Any
) -> GitSyncReport:
    path = where.path if isinstance(where, Repository) else where
    return GitETL(store, now=lambda: NOW).sync(path, repo_slug=slug, **options)


def dump(store: ProdLensStore) -> list[str]:
    """Return every row but the logs of runs and migrations."""
    logs = ("etl_runs", "schema_migrations", "sqlite_sequence")
    skipped = tuple(f'INSERT INTO "{name}"' for name in logs)
    return [line for line in store.conn.iterdump() if not line.startswith(skipped)]


def fresh(folder: Path, where: Repository, **options: Any) -> list[str]:
    """Return the rows of a store that reads the repository for the first time."""
    folder.mkdir()
    with ProdLensStore(folder / "cache.db") as other:
        sync(other, where, **options)
        other.conn.execute("delete from dirty_days")
        return dump(other)


def settled(store: ProdLensStore) -> list[str]:
    """Return the rows of a store without the marks of days that changed on the way."""
    store.conn.execute("delete from dirty_days")
    return dump(store)


def commits(store: ProdLensStore, *names: str) -> dict[str, tuple[Any, ...]]:
    return {row["sha"]: tuple(row[name] for name in names) for row in store.fetch_commits()}


def by_subject(store: ProdLensStore) -> dict[str, Row]:
    return {row["subject"]: row for row in store.fetch_commits()}


def requests(store: ProdLensStore) -> dict[int, Row]:
    return {row["number"]: row for row in store.fetch_pull_requests()}


def dirty(store: ProdLensStore) -> list[str]:
    return [row[0] for row in store.conn.execute("select event_date from dirty_days")]


# What is read --------------------------------------------------------------------------------


def test_a_squash_history_gives_commits_and_pull_requests(
    store: ProdLensStore, repository: Repository
) -> None:
    shas = squash_style(repository)
    report = sync(store, repository)
    assert (report.branch, report.head, report.commits_added) == ("main", shas[3], 4)
    assert (report.pull_requests_added, report.uncertain_numbers) == (3, 0)
    assert report.totals == (4, 3, 1, 3, 0)
    assert commits(store, "author", "pr_number", "landed_at", "source") == {
        shas[0]: ("Ada Lovelace", None, "2026-09-01T09:00:00.000000Z", "git"),
        shas[1]: ("ada", 1, "2026-09-02T10:00:00.000000Z", "git"),
        shas[2]: ("Bob", 2, "2026-09-03T11:00:00.000000Z", "git"),
        shas[3]: ("Bob", 3, "2026-09-04T12:00:00.000000Z", "git"),
    }
    first = {name: value for name, value in requests(store)[1].items() if value is not None}
    assert first == {
        "repo_slug": SLUG,
        "repo_id": 1,
        "number": 1,
        "title": "Add payments",
        "author": "ada",
        "author_id": 101,
        "is_bot": False,
        "state": "closed",
        "merged_at": "2026-09-02T10:00:00.000000Z",
        "closed_at": "2026-09-02T10:00:00.000000Z",
        "merge_commit_sha": shas[1],
        "source": "git",
    }
    assert requests(store)[3]["reverts_number"] == 2


def test_a_merge_history_lands_with_its_merges(
    store: ProdLensStore, repository: Repository
) -> None:
    made = merge_style(repository)
    report = sync(store, repository)
    assert (report.commits_added, report.pull_requests_added, report.uncertain_numbers) == (7, 2, 1)
    days = {name: commits(store, "landed_at")[sha][0][:10] for name, sha in made.items()}
    assert days == {
        "begin": "2026-09-01",
        "main1": "2026-09-05",
        "a1": "2026-09-10",
        "a2": "2026-09-10",
        "merge7": "2026-09-10",
        "b1": "2026-09-20",
        "merge8": "2026-09-20",
    }
    numbers = {name: commits(store, "pr_number")[sha][0] for name, sha in made.items()}
    assert numbers == {
        "begin": None,
        "main1": None,
        "a1": 7,
        "a2": 7,
        "merge7": 7,
        "b1": 8,
        "merge8": 8,
    }
    found = requests(store)
    assert {n: (row["author"], row["title"], row["head_ref"]) for n, row in found.items()} == {
        7: ("Ada Lovelace", "Payments", "payments"),
        8: ("Bob", "Fix it", "fix/it"),
    }
    assert [row["created_at"] for row in found.values()] == [None, None]
    assert [row["reopened"] for row in found.values()] == [None, None]


def test_trailers_name_vendor_model_and_session(
    store: ProdLensStore, repository: Repository
) -> None:
    merge_style(repository)
    sync(store, repository)
    found = store.conn.execute("select key, ai_vendor, ai_role, session_ref from commit_trailers")
    assert [tuple(row) for row in found] == [
        ("claude-session", "anthropic", "author", "session_01ABCDEFG")
    ]


def test_parents_are_stored_in_order(store: ProdLensStore, repository: Repository) -> None:
    made = merge_style(repository)
    sync(store, repository)
    found = store.conn.execute(
        "select parent from commit_parents where sha = ? order by position", (made["merge7"],)
    )
    assert [row[0] for row in found] == [made["main1"], made["a2"]]


def test_a_pull_request_by_several_people_has_no_author(
    store: ProdLensStore, repository: Repository
) -> None:
    begin = repository.commit("Begin")
    one = repository.commit("One", begin, branch=None)
    two = repository.commit("Two", one, author=BOB, branch=None)
    repository.commit("Merge pull request #5 from acme/x", begin, two, committer=GITHUB)
    sync(store, repository)
    assert (requests(store)[5]["author"], requests(store)[5]["title"]) == (None, None)


def test_a_number_is_an_issue_unless_github_committed_it_on_the_branch(
    store: ProdLensStore, repository: Repository
) -> None:
    begin = repository.commit("Begin (#1)")
    side = repository.commit("Side (#2)", begin, committer=GITHUB, branch=None)
    repository.commit("Merge branch 'side'", begin, side)
    report = sync(store, repository)
    assert (report.uncertain_numbers, requests(store)) == (2, {})
    assert [row["pr_number"] for row in store.fetch_commits()] == [None, None, None]


def test_the_first_commit_of_a_number_is_its_merge(
    store: ProdLensStore, repository: Repository
) -> None:
    first = repository.commit("Fix (#1)", committer=GITHUB, at="2026-09-01T00:00:00Z")
    repository.commit("Fix again (#1)", first, committer=GITHUB, at="2026-09-09T00:00:00Z")
    report = sync(store, repository)
    assert report.pull_requests_added == 1
    assert requests(store)[1]["merge_commit_sha"] == first


def test_an_assistant_as_author_is_a_sign_and_a_program(
    store: ProdLensStore, repository: Repository
) -> None:
    repository.commit("Work", author="Cursor Agent <cursoragent@cursor.com>")
    assert sync(store, repository).totals.ai_assisted == 1
    (row,) = store.fetch_commits()
    assert (row["is_bot"], row["author"]) == (True, "Cursor Agent")


def test_bad_encodings_are_replaced_and_declared_ones_are_read(
    store: ProdLensStore, repository: Repository
) -> None:
    first = repository.commit(b"Caf\xe9", author=b"Zo\xeb <zoe@example.org>")
    repository.commit(
        b"Gr\xfc\xdfe", first, author=b"Zo\xeb <zoe@example.org>", headers=b"encoding ISO-8859-1\n"
    )
    sync(store, repository)
    assert {row["subject"]: row["author_name"] for row in store.fetch_commits()} == {
        "Caf\ufffd": "Zo\ufffd",
        "Grüße": "Zoë",
    }


def test_separators_inside_names_shift_nothing(
    store: ProdLensStore, repository: Repository
) -> None:
    repository.commit("Sub\x1fject\n\nbody\n\n\nmore", author="A\x1fB\x02 <a\x1f@example.org>")
    sync(store, repository)
    (row,) = store.fetch_commits()
    assert (row["author_name"], row["author_email"]) == ("A\x1fB\x02", "a\x1f@example.org")
    assert row["subject"] == "Sub\x1fject"


def test_authors_without_name_and_address_are_read(
    store: ProdLensStore, repository: Repository
) -> None:
    repository.commit("Odd", author=" <>")
    sync(store, repository)
    (row,) = store.fetch_commits()
    assert (row["author"], row["author_name"], row["author_email"]) == (None, "", "")


@pytest.mark.parametrize("at", ["2099-01-01T00:00:00Z", 0, 86_399, 10**15])
def test_an_impossible_date_counts_on_no_day_and_stops_nothing(
    store: ProdLensStore, repository: Repository, at: str | int
) -> None:
    begin = repository.commit("Begin", at="2026-09-01T00:00:00Z")
    broken = repository.commit("Broken (#1)", begin, at=at, committer=GITHUB)
    report = sync(store, repository)
    assert (report.totals.impossible_dates, requests(store)) == (1, {})
    after = repository.commit("After", broken, at="2026-09-02T00:00:00Z")
    assert sync(store, repository).commits_added == 1
    found = commits(store, "timestamp", "landed_at", "committed_at")
    assert found[broken][:2] == (None, None)
    if at == "2099-01-01T00:00:00Z":
        assert found[broken][2] == "2099-01-01T00:00:00.000000Z"
    assert found[after][0] == "2026-09-02T00:00:00.000000Z"
    assert set(DailyAggregator(store).aggregate_github()) == {"2026-09-01", "2026-09-02"}


def test_commits_older_than_assistants_are_commits(
    store: ProdLensStore, repository: Repository
) -> None:
    repository.commit("Old", at="1995-05-05T00:00:00Z")
    assert sync(store, repository).totals.impossible_dates == 0


def test_replaced_and_grafted_commits_are_read_as_they_are(
    store: ProdLensStore, repository: Repository
) -> None:
    shas = squash_style(repository)
    git(repository.path, "replace", shas[3], shas[0])
    (repository.path / ".git" / "info").mkdir(exist_ok=True)
    (repository.path / ".git" / "info" / "grafts").write_text(f"{shas[2]}\n", encoding="ascii")
    sync(store, repository)
    assert set(commits(store)) == set(shas)


def test_a_repository_of_sha256_is_read(store: ProdLensStore, tmp_path: Path) -> None:
    path = tmp_path / "long"
    path.mkdir()
    git(path, "init", "--quiet", "--object-format=sha256", "--initial-branch=main")
    who = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")
    git(path, *who, "commit", "--quiet", "--allow-empty", "-m", "One")
    sync(store, path)
    assert [len(sha) for sha in commits(store)] == [64]


# Again and again -----------------------------------------------------------------------------


def test_the_second_run_changes_nothing(store: ProdLensStore, repository: Repository) -> None:
    merge_style(repository)
    sync(store, repository)
    before = dump(store)
    report = sync(store, repository)
    assert dump(store) == before
    assert (report.commits_added, report.commits_changed, report.pull_requests_added) == (0, 0, 0)


def test_many_small_steps_give_the_rows_of_one(
    store: ProdLensStore, repository: Repository, tmp_path: Path
) -> None:
    made = merge_style(repository)
    for name in ("begin", "main1", "merge7", "merge8"):
        repository.point("main", made[name])
        assert not sync(store, repository).rewritten
    assert settled(store) == fresh(tmp_path / "other", repository)


def test_a_step_reads_only_what_is_new(store: ProdLensStore, repository: Repository) -> None:
    shas = squash_style(repository)
    sync(store, repository)
    store.conn.execute("update commits set subject = 'untouched' where sha = ?", (shas[1],))
    repository.commit("Next", shas[3])
    assert sync(store, repository).commits_added == 1
    assert commits(store, "subject")[shas[1]] == ("untouched",)


def test_a_main_that_became_a_side_branch_is_read_again(
    store: ProdLensStore, repository: Repository, tmp_path: Path
) -> None:
    begin = repository.commit("Begin", at="2026-09-01T00:00:00Z")
    theirs = repository.commit("Theirs (#1)", begin, at="2026-09-02T00:00:00Z", committer=GITHUB)
    sync(store, repository)
    mine = repository.commit("Mine", begin, at="2026-09-03T00:00:00Z", author=BOB)
    repository.commit("Merge branch 'main'", mine, theirs, at="2026-09-04T00:00:00Z", author=BOB)
    report = sync(store, repository)
    assert (report.rewritten, report.commits_changed) == (False, 1)
    assert commits(store, "landed_at")[theirs] == ("2026-09-04T00:00:00.000000Z",)
    assert requests(store) == {}
    assert settled(store) == fresh(tmp_path / "other", repository)


class DyingStore(ProdLensStore):
    """A store whose process dies as it begins transaction number `lives`."""

    def __init__(self, path: Path, lives: int) -> None:
        super().__init__(path)
        self.lives = lives

    @contextlib.contextmanager
    def transaction(self) -> Iterator[Any]:
        if self.lives == 0:
            raise KeyboardInterrupt
        self.lives -= 1
        with super().transaction() as conn:
            yield conn


@pytest.mark.parametrize("lives", range(9))
def test_killed_at_any_moment_and_run_again_ends_equal(
    repository: Repository, tmp_path: Path, lives: int
) -> None:
    made = merge_style(repository)
    path = tmp_path / "dying.db"
    repository.point("main", made["merge7"])
    with ProdLensStore(path) as store:
        sync(store, repository)
    repository.point("main", made["b1"])  # a force push, too
    last = repository.commit("Last (#9)", made["b1"], at="2026-09-30T00:00:00Z", committer=GITHUB)
    with DyingStore(path, lives) as store:
        died = False
        try:
            GitETL(store, now=lambda: NOW, batch=1).sync(repository.path, repo_slug=SLUG)
        except KeyboardInterrupt:
            died = True
        assert died == (lives < 7)
    with ProdLensStore(path) as store:
        sync(store, repository)
        known = commits(store, "on_default_branch")
        state = dict(store.conn.execute("select key, value from sync_state where stream = 'git'"))
        found = requests(store)
    assert {name for name, sha in made.items() if known.get(sha) == (True,)} == {
        "begin",
        "a1",
        "a2",
        "b1",
    }
    assert state["head"] == last
    assert list(found) == [9]


# Force pushes --------------------------------------------------------------------------------


def test_a_force_push_takes_commits_and_pull_requests_off(
    store: ProdLensStore, repository: Repository
) -> None:
    shas = squash_style(repository)
    sync(store, repository)
    DailyAggregator(store).write_aggregates()
    again = repository.commit(
        "Add refunds, better (#2)",
        shas[1],
        at="2026-09-08T00:00:00Z",
        author=BOB,
        committer=GITHUB,
    )
    report = sync(store, repository)
    assert (report.rewritten, report.commits_added, report.commits_left) == (True, 1, 2)
    assert {sha for sha, (on,) in commits(store, "on_default_branch").items() if on} == {
        shas[0],
        shas[1],
        again,
    }
    assert {n: row["merge_commit_sha"] for n, row in requests(store).items()} == {
        1: shas[1],
        2: again,
    }
    assert dirty(store) == ["2026-09-03", "2026-09-04", "2026-09-08"]
    assert report.totals.commits == 3


def test_a_branch_set_back_in_the_same_clone_loses_commits(
    store: ProdLensStore, repository: Repository
) -> None:
    shas = squash_style(repository)
    sync(store, repository)
    repository.point("main", shas[1])
    report = sync(store, repository)
    assert (report.rewritten, report.commits_left, report.outdated) == (True, 2, False)
    assert list(requests(store)) == [1]


def test_what_comes_back_is_back(store: ProdLensStore, repository: Repository) -> None:
    shas = squash_style(repository)
    sync(store, repository)
    first = settled(store)
    repository.point("main", shas[1])
    sync(store, repository)
    repository.point("main", shas[3])
    sync(store, repository)
    assert settled(store) == first


def test_a_clone_that_is_older_than_the_store_changes_nothing(
    store: ProdLensStore, repository: Repository, tmp_path: Path
) -> None:
    shas = squash_style(repository)
    repository.point("main", shas[1])
    old = clone(repository.path, tmp_path / "old")
    repository.point("main", shas[3])
    sync(store, repository)
    before = dump(store)
    report = sync(store, old)
    assert (report.outdated, dump(store)) == (True, before)
    assert sync(store, old, force=True).commits_left == 2


def test_newer_commits_of_another_source_stay_on_the_branch(
    store: ProdLensStore, repository: Repository
) -> None:
    shas = squash_style(repository)
    store.insert_commits(
        [
            {"sha": shas[0], "repo_slug": SLUG, "source": "github"},
            {"sha": "f" * 40, "repo_slug": SLUG, "landed_at": "2026-09-09", "source": "github"},
        ]
    )
    sync(store, repository)
    repository.commit("Other", shas[1])
    sync(store, repository)
    known = commits(store, "on_default_branch", "source")
    assert known["f" * 40] == (True, "github")
    assert known[shas[0]] == (True, "github")
    assert known[shas[3]] == (False, "git")


# Whose history -------------------------------------------------------------------------------


def test_an_unrelated_history_is_refused_unless_forced(
    store: ProdLensStore, repository: Repository, tmp_path: Path
) -> None:
    squash_style(repository)
    sync(store, repository)
    before = dump(store)
    other = Repository(tmp_path / "unrelated")
    only = other.commit("Something else", author=BOB)
    with pytest.raises(InputError, match="no commit in common with what is stored for acme/pay"):
        sync(store, other)
    assert dump(store) == before
    assert sync(store, other, force=True).commits_left == 4
    assert [sha for sha, (on,) in commits(store, "on_default_branch").items() if on] == [only]


def test_a_rewritten_history_with_its_first_commit_is_related(
    store: ProdLensStore, repository: Repository, tmp_path: Path
) -> None:
    begin = repository.commit("Begin")
    repository.commit("One", begin)
    sync(store, repository)
    rewritten = Repository(tmp_path / "rewritten")
    begin_again = rewritten.commit("Begin")
    rewritten.commit("Two", begin_again)
    assert begin_again == begin
    assert sync(store, rewritten).rewritten


def test_a_fork_with_equal_commits_is_another_set_of_rows(
    store: ProdLensStore, repository: Repository
) -> None:
    squash_style(repository)
    sync(store, repository)
    report = sync(store, repository, "bob/payments")
    assert (report.commits_added, report.totals) == (4, (4, 3, 1, 3, 0))
    counts = store.conn.execute("select repo_id, count(*) from commits group by repo_id")
    assert [tuple(row) for row in counts] == [(1, 4), (2, 4)]
    repository.point("main", next(iter(commits(store))))
    assert sync(store, repository, "bob/payments").commits_left > 0
    assert sync(store, repository, "acme/payments").totals.commits < 4


def test_the_remote_names_the_repository(store: ProdLensStore, repository: Repository) -> None:
    squash_style(repository)
    git(repository.path, "remote", "add", "origin", "https://me:secret@github.com/Acme/Pay.git")
    assert sync(store, repository, None).repo_slug == "acme/pay"


@pytest.mark.parametrize("url", [None, "/srv/git/x", "https://me:secret@github.com/"])
def test_a_clone_without_a_name_asks_for_one(
    store: ProdLensStore, repository: Repository, url: str | None
) -> None:
    squash_style(repository)
    if url is not None:
        git(repository.path, "remote", "add", "origin", url)
    with pytest.raises(InputError, match="add --repo OWNER/NAME") as caught:
        sync(store, repository, None)
    assert "secret" not in str(caught.value)


def test_rows_of_the_api_are_not_overwritten_and_later_ones_win(
    store: ProdLensStore, repository: Repository
) -> None:
    squash_style(repository)
    told: Row = {
        "number": 1,
        "repo_slug": SLUG,
        "title": "Payments!",
        "author": "ada",
        "created_at": "2026-09-01T00:00:00Z",
        "merged_at": "2026-09-02T10:00:00Z",
        "updated_at": "2026-09-03T00:00:00Z",
        "reopened": False,
        "source": "github",
    }
    store.insert_pull_requests([told])
    sync(store, repository)
    store.insert_pull_requests([{**told, "number": 2, "title": "Refunds!"}])
    sync(store, repository)
    found = requests(store)
    assert [(row["title"], row["source"], row["reopened"]) for row in found.values()] == [
        ("Payments!", "github", False),
        ("Refunds!", "github", False),
        ('Revert "Add refunds (#2)"', "git", None),
    ]
    assert found[1]["merge_commit_sha"] is not None


def test_a_reopening_that_was_known_before_its_pull_request_marks_its_day(
    store: ProdLensStore, repository: Repository
) -> None:
    shas = squash_style(repository)
    store.conn.execute("insert into repositories (host, slug) values ('github.com', ?)", (SLUG,))
    store.conn.execute(
        "insert into pr_events (repo_id, event_id, number, event, created_at) "
        "values (1, 1, 2, 'reopened', '2026-08-31T00:00:00.000000Z')"
    )
    sync(store, repository)
    assert dirty(store)[0] == "2026-08-31"
    DailyAggregator(store).write_aggregates()
    repository.point("main", shas[1])
    sync(store, repository)
    assert dirty(store)[0] == "2026-08-31"


# Which branch --------------------------------------------------------------------------------


def test_the_default_branch_is_read_while_another_is_checked_out(
    store: ProdLensStore, repository: Repository, tmp_path: Path
) -> None:
    shas = squash_style(repository)
    copy = clone(repository.path, tmp_path / "copy")
    git(copy, "checkout", "--quiet", "-b", "feature", shas[0])
    report = sync(store, copy)
    assert (report.branch, report.head, report.instead_of) == ("main", shas[3], "feature")
    named = sync(store, copy, "acme/feature", branch="feature")
    assert (named.branch, named.head) == ("feature", shas[0])


def test_what_was_fetched_counts_before_it_is_merged(
    store: ProdLensStore, repository: Repository, tmp_path: Path
) -> None:
    shas = squash_style(repository)
    copy = clone(repository.path, tmp_path / "copy")
    newest = repository.commit("Newest", shas[3])
    git(copy, "fetch", "--quiet")
    assert sync(store, copy).head == newest
    repository.commit("On a branch", newest, branch="other/one")
    git(copy, "fetch", "--quiet")
    assert sync(store, copy, branch="other/one").branch == "other/one"
    assert sync(store, copy, branch="origin/main").head == newest


def test_a_detached_checkout_and_a_bare_clone_are_read(
    store: ProdLensStore, repository: Repository, tmp_path: Path
) -> None:
    shas = squash_style(repository)
    git(repository.path, "checkout", "--quiet", "--detach", shas[2])
    report = sync(store, repository)
    assert (report.branch, report.head) == (None, shas[2])
    bare = clone(repository.path, tmp_path / "bare.git", "--bare", "--branch=main")
    assert sync(store, bare).head == shas[3]


def test_an_unknown_branch_is_refused_with_those_there_are(
    store: ProdLensStore, repository: Repository
) -> None:
    squash_style(repository)
    for name in ("release", "-x", "main^", "main..main", "", "@{-1}", "--all"):
        with pytest.raises(InputError, match=r"has no branch .*; it has: main"):
            sync(store, repository, branch=name)


def test_a_change_of_branch_is_told(store: ProdLensStore, repository: Repository) -> None:
    shas = squash_style(repository)
    repository.point("stable", shas[1])
    sync(store, repository)
    report = sync(store, repository, branch="stable")
    assert (report.previous_branch, report.commits_left) == ("main", 2)


# Clones that lack something ------------------------------------------------------------------


def test_a_shallow_clone_is_refused_unless_allowed(
    store: ProdLensStore, repository: Repository, tmp_path: Path
) -> None:
    squash_style(repository)
    cut = clone(repository.path, tmp_path / "cut", "--depth=2")
    with pytest.raises(InputError, match="--unshallow"):
        sync(store, cut)
    assert store.fetch_commits() == []
    report = sync(store, cut, allow_shallow=True)
    assert (report.history_cut, report.commits_added, report.rewritten) == (True, 2, False)


def test_a_clone_that_was_completed_mends_what_the_cut_one_said(
    store: ProdLensStore, repository: Repository, tmp_path: Path
) -> None:
    merge_style(repository)
    cut = clone(repository.path, tmp_path / "cut", "--depth=2")
    sync(store, cut, allow_shallow=True)
    git(cut, "fetch", "--quiet", "--unshallow")
    report = sync(store, cut)
    assert (report.history_cut, report.rewritten) == (False, False)
    assert settled(store) == fresh(tmp_path / "other", repository)


def test_a_cut_clone_takes_nothing_from_a_complete_history(
    store: ProdLensStore, repository: Repository, tmp_path: Path
) -> None:
    made = merge_style(repository)
    sync(store, repository)
    landed = commits(store, "landed_at", "pr_number", "on_default_branch")
    newest = repository.commit("Newest", made["merge8"], at="2026-09-30T00:00:00Z")
    cut = clone(repository.path, tmp_path / "cut", "--depth=1")
    report = sync(store, cut, allow_shallow=True)
    assert (report.commits_left, report.rewritten) == (0, False)
    found = commits(store, "landed_at", "pr_number", "on_default_branch")
    assert {sha: row for sha, row in found.items() if sha != newest} == landed
    assert len(requests(store)) == 2


def partial(repository: Repository, target: Path, tripwire: Path) -> Path:
    """Return a partial clone whose remote would leave a file if anything asked it."""
    copy = clone(repository.path, target, "--filter=blob:none", "--no-checkout")
    tool = tripwire.with_suffix(".sh")
    tool.write_text(f"#!/bin/sh\ntouch {tripwire}\nexit 1\n", encoding="ascii")
    tool.chmod(0o755)
    git(copy, "config", "remote.origin.uploadpack", str(tool))
    git(copy, "config", "protocol.allow", "always")
    return copy


def test_a_partial_clone_gives_all_metadata_and_asks_no_network(
    store: ProdLensStore, repository: Repository, tmp_path: Path
) -> None:
    shas = squash_style(repository)
    copy = partial(repository, tmp_path / "partial", tmp_path / "asked")
    report = sync(store, copy)
    assert (report.commits_added, report.pull_requests_added, report.history_cut) == (4, 3, False)
    assert lines(store, copy) == LineReport(0, 4)
    assert commits(store, "additions") == dict.fromkeys(shas, (None,))
    assert not (tmp_path / "asked").exists()


def test_a_bare_partial_clone_without_its_mail_map_is_read(
    store: ProdLensStore, repository: Repository, tmp_path: Path
) -> None:
    repository.commit("One", files={".mailmap": b"Real <real@example.org> <ada@example.org>\n"})
    bare = clone(repository.path, tmp_path / "bare.git", "--bare", "--filter=blob:none")
    report = sync(store, bare)
    assert (report.commits_added, report.mail_map_read) == (1, False)


def test_nothing_a_repository_says_is_run(
    store: ProdLensStore, repository: Repository, tmp_path: Path
) -> None:
    squash_style(repository)
    mark = tmp_path / "ran"
    tool = tmp_path / "tool.sh"
    tool.write_text(f"#!/bin/sh\ntouch {mark}\n", encoding="ascii")
    tool.chmod(0o755)
    (repository.path / ".gitattributes").write_text("* diff=evil\n", encoding="ascii")
    for name in (
        "core.fsmonitor",
        "core.pager",
        "pager.log",
        "diff.external",
        "diff.evil.textconv",
        "diff.evil.command",
        "gpg.program",
        "core.sshCommand",
        "core.askPass",
        "credential.helper",
    ):
        git(repository.path, "config", name, str(tool))
    git(repository.path, "config", "log.showSignature", "true")
    hooks = repository.path / ".git" / "hooks"
    hooks.mkdir(exist_ok=True)
    for name in ("post-index-change", "reference-transaction", "post-checkout"):
        (hooks / name).symlink_to(tool)
    sync(store, repository)
    assert lines(store, repository).counted == 4
    assert not mark.exists()


# Lines ---------------------------------------------------------------------------------------


def lines(store: ProdLensStore, where: Repository | Path) -> LineReport:
    path = where.path if isinstance(where, Repository) else where
    return GitETL(store).count_lines(path, repo_slug=SLUG)


def test_lines_are_counted_without_merges(store: ProdLensStore, repository: Repository) -> None:
    begin = repository.commit("Begin", files={"a": b"1\n2\n3\n", "b": b"\0\1"})
    side = repository.commit(
        "Side", begin, files={"a": b"1\n2\n", "new\nname": b"x\n"}, branch=None
    )
    merge = repository.commit("Merge", begin, side, files={"a": b"1\n2\n", "new\nname": b"x\n"})
    empty = repository.commit("Empty", merge, files={})
    sync(store, repository)
    assert lines(store, repository) == LineReport(3, 0)
    assert commits(store, "additions", "deletions", "files") == {
        begin: (3, 0, 2),
        side: (1, 1, 2),
        merge: (None, None, None),
        empty: (0, 0, 0),
    }
    assert lines(store, repository) == LineReport(0, 0)


def test_missing_contents_cost_only_their_own_commits(
    store: ProdLensStore, repository: Repository
) -> None:
    made: list[str] = []
    for number in range(6):
        made.append(
            repository.commit(
                f"C{number}",
                *made[-1:],
                at=f"2026-09-0{number + 1}T00:00:00Z",
                files={f"f{number}": b"content %d\n" % number, "also": b"%d\n" % number},
            )
        )
    sync(store, repository)
    repository.lose(b"content 1\n")
    repository.lose(b"content 4\n")
    repository.lose(b"5\n")
    assert lines(store, repository) == LineReport(3, 3)
    found = commits(store, "additions", "deletions", "files")
    assert [found[sha] for sha in made] == [
        (2, 0, 2),
        (None, None, None),
        (2, 1, 2),
        (2, 1, 2),
        (None, None, None),
        (None, None, None),
    ]


def test_a_partial_clone_counts_what_it_has(
    store: ProdLensStore, repository: Repository, tmp_path: Path
) -> None:
    begin = repository.commit("Begin", files={"a": b"old\n"})
    newest = repository.commit("New", begin, files={"b": b"new\n"})
    copy = partial(repository, tmp_path / "partial", tmp_path / "asked")
    git(copy, "config", "--unset", "remote.origin.uploadpack")
    git(copy, "cat-file", "-e", f"{newest}:b")  # git fetches this one, as a checkout does
    git(copy, "show", f"{newest}:b")
    sync(store, copy)
    assert lines(store, copy) == LineReport(1, 1)
    assert commits(store, "additions") == {begin: (None,), newest: (1,)}


def test_a_clone_without_folders_counts_no_lines(
    store: ProdLensStore, repository: Repository, tmp_path: Path
) -> None:
    squash_style(repository)
    copy = clone(repository.path, tmp_path / "treeless", "--filter=tree:0", "--no-checkout")
    assert sync(store, copy).commits_added == 4
    assert lines(store, copy) == LineReport(0, 4)


def test_the_edge_of_a_cut_history_has_no_lines(
    store: ProdLensStore, repository: Repository, tmp_path: Path
) -> None:
    shas = squash_style(repository)
    cut = clone(repository.path, tmp_path / "cut", "--depth=2")
    sync(store, cut, allow_shallow=True)
    assert lines(store, cut) == LineReport(1, 1)
    assert commits(store, "additions") == {shas[2]: (None,), shas[3]: (2,)}


# Mail-maps -----------------------------------------------------------------------------------


def test_the_mail_map_is_honoured_and_followed_when_it_changes(
    store: ProdLensStore, repository: Repository
) -> None:
    first = repository.commit("One", author="ada <ADA@home.example>")
    repository.commit("Two", first, author=BOB)
    repository.mail_map("Ada Lovelace <ada@example.org> <ada@home.example>\n")
    sync(store, repository)
    assert {row["author"] for row in store.fetch_commits()} == {"Ada Lovelace", "Bob"}
    assert by_subject(store)["One"]["author_email"] == "ada@home.example"
    assert by_subject(store)["One"]["author_name"] == "ada"
    known = "select key, value from sync_state where stream = 'mail_map'"
    assert [tuple(row) for row in store.conn.execute(known)] == [
        ("ada@home.example", "ada@example.org")
    ]
    repository.mail_map("Countess <countess@example.org> <ada@home.example>\n")
    sync(store, repository)
    assert by_subject(store)["One"]["author"] == "Countess"
    repository.mail_map("")
    sync(store, repository)
    assert by_subject(store)["One"]["author"] == "ada"
    assert store.conn.execute(known).fetchall() == []


def test_an_address_of_two_people_leads_to_neither(
    store: ProdLensStore, repository: Repository
) -> None:
    first = repository.commit("One", author="Ada <build@example.org>")
    repository.commit("Two", first, author="Bob <build@example.org>")
    repository.mail_map(
        "Ada <ada@example.org> Ada <build@example.org>\n"
        "Bob <bob@example.org> Bob <build@example.org>\n"
    )
    sync(store, repository)
    known = "select count(*) from sync_state where stream = 'mail_map'"
    assert store.conn.execute(known).fetchone()[0] == 0


# Bad input -----------------------------------------------------------------------------------


def test_an_empty_repository_has_no_commits(store: ProdLensStore, repository: Repository) -> None:
    report = sync(store, repository)
    assert (report.branch, report.head, report.totals) == ("main", None, (0, 0, 0, 0, 0))
    assert lines(store, repository) == LineReport(0, 0)


def test_what_is_no_clone_is_said(store: ProdLensStore, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="ascii")
    for name, says in (("missing", "does not exist"), ("file", "is a file"), (".", "no git repo")):
        with pytest.raises(MissingPathError, match=says):
            sync(store, tmp_path / name)


def test_a_folder_that_begins_with_a_dash_is_a_folder(
    store: ProdLensStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    squash_style(Repository(tmp_path / "--help"))
    monkeypatch.chdir(tmp_path)
    assert sync(store, Path("--help")).commits_added == 4


@pytest.mark.parametrize("damaged", ["newest", "middle"])
def test_a_damaged_history_is_refused_and_its_cursor_stays(
    store: ProdLensStore, repository: Repository, damaged: str
) -> None:
    shas = squash_style(repository)
    sync(store, repository)
    before = dump(store)
    middle = repository.commit("Middle", shas[3])
    newest = repository.commit("Newest", middle)
    repository.break_commit({"newest": newest, "middle": middle}[damaged])
    with pytest.raises(InputError, match="check the clone with `git fsck`"):
        sync(store, repository)
    assert dump(store) == before


def test_the_history_of_this_checkout_can_be_read(store: ProdLensStore) -> None:
    root = Path(__file__).parents[2]
    if not (root / ".git").exists():
        pytest.skip("not a checkout")
    try:
        report = sync(store, root, "prodlens/prodlens", allow_shallow=True)
    except InputError as error:
        pytest.skip(str(error))
    known = int(git(root, "rev-list", "--count", report.head)) if report.head else 0
    assert report.commits_added == len(store.fetch_commits()) == known
