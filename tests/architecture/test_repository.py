"""What must not be in any file: a package index, a machine's path, a secret."""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.requirements import Requirement

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
LOCKS = ("requirements.lock", "requirements-test.lock")
HOSTS = tuple(".".join(parts) for parts in (("pypi", "org"), ("pythonhosted", "org")))
LEFT_OUT = {"__pycache__", "dist", "build", "htmlcov", "prodlens-demo"}


def texts() -> Iterator[tuple[Path, str]]:
    """Yield every text file of the repository."""
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [
            name
            for name in folders
            if name not in LEFT_OUT and (name == ".ci" or not name.startswith("."))
        ]
        for name in names:
            path = Path(folder) / name
            content = path.read_bytes()
            if b"\x00" not in content[:4096] and not name.startswith("."):
                yield path, content.decode("utf-8", "replace")


def test_no_file_names_a_package_index() -> None:
    checked = 0
    for path, text in texts():
        checked += 1
        assert not any(host in text for host in HOSTS), path
    assert checked > 100


def test_every_locked_file_has_a_hash_and_no_address() -> None:
    for name in LOCKS:
        text = (ROOT / name).read_text(encoding="utf-8")
        assert "://" not in text
        assert "--index" not in text
        assert "--find-links" not in text
        entries = re.split(r"(?m)^(?=\S)", text)[1:]
        assert len(entries) > 30
        for entry in entries:
            assert re.match(r"[a-z0-9-]+==[^ ]+ ", entry), entry[:60]
            assert "--hash=sha256:" in entry, entry[:60]


def test_the_locks_hold_what_the_project_asks_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    backend = project["build-system"]["requires"]
    extras = project["project"]["optional-dependencies"]
    needed = {
        "requirements.lock": [*project["project"]["dependencies"], *backend],
        "requirements-test.lock": [
            *project["project"]["dependencies"],
            *backend,
            *extras["test"],
            *(text for name in ("lake", "otlp", "pdf") for text in extras[name]),
        ],
    }
    for name in LOCKS:
        pins = dict(_pins((ROOT / name).read_text(encoding="utf-8")))
        for text in needed[name]:
            asked = Requirement(text)
            locked = pins[asked.name.replace("_", "-").lower()]
            assert asked.specifier.contains(locked), f"{name}: {asked} is locked at {locked}"


def _pins(text: str) -> list[tuple[str, str]]:
    return re.findall(r"(?m)^([a-z0-9-]+)==([^ ]+) ", text)
