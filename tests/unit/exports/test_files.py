from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from prodlens.errors import InputError, MissingPathError
from prodlens.exports.files import check_target, write_private
from prodlens.exports.registry import FORMATS, format_of


def test_a_file_is_written_whole_and_private(tmp_path: Path) -> None:
    path = tmp_path / "report.csv"
    path.write_text("old")
    path.chmod(0o644)
    write_private(path, b"new")
    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == ["report.csv"]


def test_a_failed_write_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "report.csv"
    path.write_text("old")

    def full(descriptor: int) -> None:
        del descriptor
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_private(path, b"new")
    assert path.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["report.csv"]


def test_a_target_that_cannot_be_is_refused_before_any_work(tmp_path: Path) -> None:
    check_target(tmp_path / "report.csv")
    with pytest.raises(InputError, match="is a folder"):
        check_target(tmp_path)
    with pytest.raises(MissingPathError, match="does not exist: make it first"):
        check_target(tmp_path / "nowhere" / "report.csv")


@pytest.mark.parametrize(("name", "suffix"), [("a.csv", ".csv"), ("b.JSON", ".json")])
def test_the_ending_of_a_name_chooses_the_format(name: str, suffix: str) -> None:
    assert format_of(Path(name)) is FORMATS[suffix]


@pytest.mark.parametrize("name", ["report", "report.docx", "csv", ".csv.bak"])
def test_an_ending_without_a_format_lists_those_there_are(name: str) -> None:
    with pytest.raises(InputError, match=r"end it in \.csv, \.json, .* or \.\w+\."):
        format_of(Path(name))
