"""A small run of the simulation: its gates hold here, and they can fail."""

from __future__ import annotations

import runpy
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

SCRIPT = Path(__file__).parents[2] / "scripts" / "simulate.py"


@pytest.fixture(scope="module")
def simulate() -> Iterator[Any]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(SCRIPT.parent))
        yield SimpleNamespace(**runpy.run_path(str(SCRIPT)))


@pytest.mark.parametrize("part", ["rollout", "holidays", "family", "split", "choices", "people"])
def test_every_gate_holds_on_a_small_run(part: str, simulate: Any) -> None:
    rows = list(simulate.table(seed=7, replications=60, demos=0, parts=(part,)))
    assert len(rows) >= 2
    assert [row.text() for row in rows if row.fails] == []


def test_the_demo_shows_what_was_planted_and_nothing_else(simulate: Any) -> None:
    rows = list(simulate.table(seed=7, replications=0, demos=10, parts=("demo",)))
    planted, quiet, any_lag = rows
    assert planted.share >= 0.8
    assert quiet.share <= 0.2
    assert any_lag.share <= 0.4
    assert [row.text() for row in rows if row.fails] == []


def test_the_same_seed_gives_the_same_table_and_parts_do_not_disturb_each_other(
    simulate: Any,
) -> None:
    alone = list(simulate.table(seed=3, replications=20, demos=0, parts=("family",)))
    behind = list(simulate.table(seed=3, replications=20, demos=0, parts=("holidays", "family")))
    assert [row.text() for row in alone] == [row.text() for row in behind[-len(alone) :]]
    other = list(simulate.table(seed=4, replications=20, demos=0, parts=("holidays",)))
    assert [row.text() for row in other] != [row.text() for row in behind[: len(other)]]


@dataclass
class Claims:
    p_value: float
    ci_low: float = 0.5
    ci_high: float = 0.6
    r: float = 0.55


@pytest.mark.parametrize(
    ("part", "says", "failing"),
    [
        ("holidays", 0.001, "listed"),  # a method that finds something everywhere
        ("coverage", 0.9, "true r"),  # one that never finds anything
    ],
)
def test_a_method_that_is_wrong_fails_its_gates(
    part: str, says: float, failing: str, simulate: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = {"lagged_association": lambda *_: Claims(says)}
    monkeypatch.setitem(simulate.PARTS[part].__globals__, *wrong.popitem())
    rows = list(simulate.PARTS[part](np.random.default_rng(1), 10))
    failed = [row for row in rows if row.fails]
    assert len(failed) >= 3
    assert all(failing in row.what for row in failed)


def test_the_ceiling_is_that_of_the_acceptance(simulate: Any) -> None:
    assert simulate.ceiling(1000) == pytest.approx(0.0757, abs=1e-4)
