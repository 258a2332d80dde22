"""Owns what every test may rely on: no settings of the machine, the same examples every time.

`pytest --hypothesis-profile=default` tries new ones each time, as `just fuzz` does.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

import prodlens

if TYPE_CHECKING:
    from collections.abc import Callable

settings.register_profile("repeatable", max_examples=50, deadline=None, derandomize=True)
settings.load_profile("repeatable")

_DISPLAY = ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "GITHUB_TOKEN")
_SCRIPT = 'set -o pipefail; prod-lens() { "$PYTHON" -m prodlens.cli "$@"; }; '


@pytest.fixture(scope="session")
def empty_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a home folder in which nothing is."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture(autouse=True)
def _no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch, empty_home: Path) -> None:
    for name in os.environ:
        if name.startswith("PRODLENS_") or name in _DISPLAY:
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(empty_home))


@pytest.fixture
def shell(tmp_path: Path) -> Callable[[str], subprocess.CompletedProcess[str]]:
    """Run a bash script in an empty folder; `prod-lens` in it is the program under test."""

    def run(script: str) -> subprocess.CompletedProcess[str]:
        source = str(Path(prodlens.__file__).parents[1])
        environ = {**os.environ, "PYTHON": sys.executable, "PYTHONPATH": source}
        return subprocess.run(  # noqa: S603 - a script of our own tests
            ["bash", "-c", _SCRIPT + script],  # noqa: S607 - any bash will do
            capture_output=True,
            text=True,
            check=False,
            cwd=tmp_path,
            env=environ,
        )

    return run
