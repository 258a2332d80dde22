"""A repository on a fake GitHub, and a database that is to follow it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from fakes.fake_github import FakeGithub
from fakes.github_world import World
from prodlens.storage import ProdLensStore

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ProdLensStore]:
    with ProdLensStore(tmp_path / "cache.db") as opened:
        yield opened


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def github(world: World, monkeypatch: pytest.MonkeyPatch) -> FakeGithub:
    fake = FakeGithub(world)
    monkeypatch.setattr(time, "sleep", fake.sleep)
    return fake
