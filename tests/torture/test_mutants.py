"""The bugs that `just mutants` puts in still fit the code; that each is caught is seen there."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PATCHES = sorted((Path(__file__).parent / "mutants").glob("*.patch"))


def test_there_are_mutants() -> None:
    assert len(PATCHES) >= 13


@pytest.mark.parametrize("patch", PATCHES, ids=lambda patch: patch.stem)
def test_a_mutant_still_fits_the_code(tmp_path: Path, patch: Path) -> None:
    text = patch.read_text(encoding="utf-8")
    named = [line.removeprefix("+++ b/") for line in text.splitlines() if line.startswith("+++ b/")]
    assert text.splitlines()[0].endswith("."), "the first line says what breaks"
    assert named
    for name in named:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, tmp_path / name)
    done = subprocess.run(  # noqa: S603 - our own patches
        ["git", "apply", "--check", "-p1", str(patch)],  # noqa: S607 - any git will do
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
