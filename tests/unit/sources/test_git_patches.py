"""Patches of real clones: which files, which lines, under odd names and with odd contents."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from fakes.git_repositories import Repository, git
from prodlens.sources.git_patches import AddedLine, GitPatches

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "clone")


def lines(repository: Repository, sha: str, *paths: str) -> list[tuple[str, int, str]]:
    found = GitPatches(repository.path).added([sha], {sha: frozenset(paths)})
    return [(line.path, line.number, line.text) for line in found]


def test_commits_come_parents_first_without_merges(repository: Repository) -> None:
    first = repository.commit("One", at="2026-09-01T09:00:00Z", authored="2026-08-01T09:00:00Z")
    side = repository.commit("Side", first, at="2026-09-02T09:00:00Z", branch=None)
    main = repository.commit("Main", first, at="2026-09-03T09:00:00Z", branch=None)
    head = repository.commit("Merge", main, side, at="2026-09-04T09:00:00Z")

    found = list(GitPatches(repository.path).commits(head))
    assert found[0] == (
        first,
        datetime(2026, 8, 1, 9, tzinfo=UTC),
        datetime(2026, 9, 1, 9, tzinfo=UTC),
    )
    assert {commit.sha for commit in found} == {first, side, main}


def test_added_lines_have_their_numbers(repository: Repository) -> None:
    first = repository.commit("One", files={"a.py": b"one\ntwo\nthree\n"})
    second = repository.commit("Two", first, files={"a.py": b"zero\none\nTWO\nthree\nfour"})

    assert lines(repository, first, "a.py") == [
        ("a.py", 1, "one"),
        ("a.py", 2, "two"),
        ("a.py", 3, "three"),
    ]
    assert lines(repository, second, "a.py") == [
        ("a.py", 1, "zero"),
        ("a.py", 3, "TWO"),
        ("a.py", 5, "four"),
    ]
    assert lines(repository, second, "b.py") == []


def test_contents_that_look_like_a_patch_are_contents(repository: Repository) -> None:
    first = repository.commit("One", files={"a.md": b"-- old\n@@ -1 +1 @@\n", "b.md": b"b\n"})
    text = b"++ b/b.md\n@@ -1,9 +1,9 @@\n+++ b/b.md\ndiff --git a/x b/x\n\\ No newline\n"
    sha = repository.commit(
        "@@ -1 +1 @@\n+++ b/b.md\n", first, files={"a.md": text, "b.md": b"c\n"}
    )

    assert lines(repository, sha, "a.md") == [
        ("a.md", 1, "++ b/b.md"),
        ("a.md", 2, "@@ -1,9 +1,9 @@"),
        ("a.md", 3, "+++ b/b.md"),
        ("a.md", 4, "diff --git a/x b/x"),
        ("a.md", 5, "\\ No newline"),
    ]
    assert lines(repository, sha, "b.md") == [("b.md", 1, "c")]


def test_a_missing_line_end_is_no_line(repository: Repository) -> None:
    first = repository.commit("One", files={"a": b"one\ntwo"})
    second = repository.commit("Two", first, files={"a": b"one\ntwo\nthree"})

    assert lines(repository, second, "a") == [("a", 2, "two"), ("a", 3, "three")]


@pytest.mark.parametrize("name", ["a b.py", "tab\there.py", 'quo"te.py', "ünï.py", "back\\slash"])
def test_odd_names_are_read_whole(repository: Repository, name: str) -> None:
    sha = repository.commit("One", files={name: b"one\n"})
    patches = GitPatches(repository.path)

    assert list(patches.touched([sha])) == [(sha, [(name, name)])]
    assert list(patches.added([sha], {sha: frozenset({name})})) == [AddedLine(sha, name, 1, "one")]
    assert list(patches.paths(sha)) == [name]


def test_contents_that_are_no_text_do_not_stop_the_reading(repository: Repository) -> None:
    first = repository.commit("One", files={"a": b"\xff\xfe broken\nfine\n", "bin": b"\0\1\2"})
    second = repository.commit("Two", first, files={"c": b"x" * 200_000 + b"\nlast\n"})
    patches = GitPatches(repository.path)

    assert lines(repository, first, "a", "bin") == [("a", 1, "�� broken"), ("a", 2, "fine")]
    assert dict(patches.touched([first]))[first] == [("a", "a"), ("bin", "bin")]
    long, last = lines(repository, second, "c")
    assert (len(long[2]), last) == (65_535, ("c", 2, "last"))


def test_renames_and_empty_commits_are_told(repository: Repository) -> None:
    git(repository.path, "config", "user.email", "ada@example.org")
    git(repository.path, "config", "user.name", "Ada")
    (repository.path / "old.py").write_text("one\ntwo\nthree\nfour\n", encoding="utf-8")
    git(repository.path, "add", "-A")
    git(repository.path, "commit", "-qm", "One")
    git(repository.path, "mv", "old.py", "new.py")
    git(repository.path, "commit", "-qam", "Two")
    git(repository.path, "commit", "-q", "--allow-empty", "-m", "Three")
    patches = GitPatches(repository.path)

    shas = [commit.sha for commit in patches.commits("HEAD")]
    assert [files for _, files in patches.touched(shas)] == [
        [("old.py", "old.py")],
        [("new.py", "old.py")],
        [],
    ]
    assert list(patches.touched([])) == []
    assert list(patches.added([], {})) == []


def test_settings_of_the_user_change_nothing(repository: Repository) -> None:
    for name, value in (
        ("diff.noprefix", "true"),
        ("diff.mnemonicPrefix", "true"),
        ("diff.context", "5"),
        ("diff.algorithm", "histogram"),
        ("diff.renames", "false"),
        ("color.ui", "always"),
        ("log.showSignature", "true"),
        ("diff.external", "false"),
    ):
        git(repository.path, "config", name, value)
    first = repository.commit("One", files={"src/a.py": b"one\ntwo\n"})
    sha = repository.commit("Two", first, files={"src/a.py": b"one\nTWO\n"})

    assert lines(repository, sha, "src/a.py") == [("src/a.py", 2, "TWO")]


def test_notes_are_handed_over_whole(repository: Repository) -> None:
    git(repository.path, "config", "user.email", "ada@example.org")
    git(repository.path, "config", "user.name", "Ada")
    first = repository.commit("One")
    second = repository.commit("Two", first)
    third = repository.commit("Three", second)
    patches = GitPatches(repository.path)
    found: dict[str, str] = {}

    patches.notes("ai", frozenset({first}), found.__setitem__)
    assert found == {}
    for sha, text in ((first, "a\n\nb"), (second, "second"), (third, "ünï\n---\n{}")):
        git(repository.path, "notes", "--ref=ai", "add", "-m", text, sha)
    patches.notes("ai", frozenset({first, third}), found.__setitem__)
    assert found == {first: "a\n\nb\n", third: "ünï\n---\n{}\n"}
