"""Invented Claude Code histories: what is read equals what was invented, and a fault is seen."""

from __future__ import annotations

import json
import runpy
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "differential.py"
SEEDS = (1, 2, 3, 9, 17)


@pytest.fixture(scope="module")
def differential() -> Any:
    return SimpleNamespace(**runpy.run_path(str(SCRIPT)))


@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_read_equals_what_was_invented(
    seed: int, differential: Any, tmp_path: Path
) -> None:
    assert differential.compare(seed, tmp_path) == {"prodlens": []}


def test_the_histories_hold_what_goes_wrong_elsewhere(differential: Any) -> None:
    histories = [differential.Inventor(seed).invent() for seed in SEEDS]
    lines = [line for one in histories for file in one.files.values() for line in file]
    assert sum("forkedFrom" in line for line in lines) > 20
    assert sum(line["type"] == "queue-operation" for line in lines) > 4
    assert sum(line.get("isSidechain") is True for line in lines) > 20
    assert sum(line.get("subtype") == "api_error" for line in lines) > 4
    assert sum(one.failures for one in histories) > 4


def test_a_reader_that_adds_up_every_line_is_seen(differential: Any) -> None:
    history = differential.Inventor(1).invent()
    day, model = next(iter(history.totals))
    naive = {key: tuple(count + 1 for count in used) for key, used in history.totals.items()}
    found = differential.differences(history, differential.Reading(naive, {}, -1))
    assert any(line.startswith(f"{day} {model} input") for line in found)
    assert any(line.startswith("calls of sessions") for line in found)
    assert any(line.startswith("failures") for line in found)


def test_the_other_program_is_asked_for_its_daily_numbers(
    differential: Any, tmp_path: Path
) -> None:
    answer = {
        "daily": [
            {
                "date": "2026-11-03",
                "modelBreakdowns": [
                    {
                        "modelName": "claude-haiku-4-5",
                        "inputTokens": 1,
                        "outputTokens": 2,
                        "cacheReadTokens": 3,
                        "cacheCreationTokens": 4,
                    }
                ],
            }
        ]
    }
    program = tmp_path / "ccusage"
    program.write_text(f"#!/bin/sh\necho '{json.dumps(answer)}'\n")
    program.chmod(0o755)
    said = differential.read_by_ccusage(str(program), tmp_path)
    assert said.totals == {("2026-11-03", "claude-haiku-4-5"): (1, 2, 3, 4)}
    assert (said.calls, said.failures) == (None, None)
