"""Output is split without being held whole, and git's complaints become sentences."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from prodlens.errors import InputError, MissingPathError
from prodlens.sources.git_process import GitProcess, failure, pieces


def split(data: bytes, longest: int | None = None) -> list[bytes]:
    return list(pieces(io.BytesIO(data), b"\0", longest))


def test_pieces_end_with_their_byte() -> None:
    assert split(b"one\0two\0") == [b"one", b"two"]


def test_a_last_piece_without_its_byte_counts() -> None:
    assert split(b"one\0tw") == [b"one", b"tw"]


def test_an_empty_piece_in_between_counts() -> None:
    assert split(b"one\0\0two\0") == [b"one", b"", b"two"]


def test_nothing_has_no_pieces() -> None:
    assert split(b"") == []


def test_a_piece_over_several_readings_is_whole() -> None:
    long = b"x" * 700_000
    assert split(long + b"\0y\0") == [long, b"y"]


def test_the_rest_of_a_piece_that_is_too_long_is_dropped() -> None:
    assert split(b"x" * 700_000 + b"\0short\0" + b"y" * 20, longest=10) == [
        b"x" * 10,
        b"short",
        b"y" * 10,
    ]


@pytest.mark.parametrize(
    ("problem", "kind", "says"),
    [
        (
            "fatal: detected dubious ownership in repository at '/r'\nTo add...",
            InputError,
            "git config --global --add safe.directory /r",
        ),
        ("fatal: not a git repository (or any...)", MissingPathError, "is no git repository"),
        (
            "fatal: cannot use bare repository '/r' (safe.bareRepository is 'explicit')",
            InputError,
            "working tree",
        ),
        ("error: x\nfatal: bad object 123\n", InputError, "(bad object 123): check the clone"),
        ("", InputError, "it gave no reason"),
    ],
)
def test_a_complaint_becomes_a_sentence(problem: str, kind: type[InputError], says: str) -> None:
    error = failure(problem, Path("/r"))
    assert type(error) is kind
    assert says in str(error)


def test_git_that_is_not_installed_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InputError, match="git is not installed"):
        GitProcess(tmp_path).run("version")


def test_a_failed_stream_is_not_taken_for_the_whole(tmp_path: Path) -> None:
    with pytest.raises(MissingPathError, match="no git repository"):
        list(GitProcess(tmp_path).stream("log", ends=b"\0"))


def test_variables_of_another_repository_do_not_redirect(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    assert GitProcess(tmp_path).ask("rev-parse", "--git-dir") is None
    assert GitProcess(tmp_path).ask("config", "--get", "core.fsmonitor") == "false"
