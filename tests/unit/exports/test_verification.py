from __future__ import annotations

import copy
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from prodlens.errors import InputError, MissingPathError
from prodlens.exports import json_document
from prodlens.exports.verification import asked_by, held, read

if TYPE_CHECKING:
    from pathlib import Path

    from prodlens.metrics.report import Report


@pytest.fixture
def document(whole: Report) -> dict[str, Any]:
    """The document of a whole report, as a file gives it back."""
    found: dict[str, Any] = json.loads(json_document.render(whole))
    return found


def test_a_report_holds_against_itself(document: dict[str, Any]) -> None:
    checks = held(document, copy.deepcopy(document))
    assert len(checks) > 500
    assert all(one.holds for one in checks)


def test_each_number_that_changed_is_named_with_both_values(document: dict[str, Any]) -> None:
    now = copy.deepcopy(document)
    now["acceptance_rate"] += 0.01
    now["metrics"]["cost_usd"]["value"] = None
    now["pr_merge_time_hours"][0] += 1.0
    del now["rework_rate"]
    changed = [one for one in held(document, now) if not one.holds]
    assert [one.name for one in changed] == [
        "acceptance_rate",
        "pr_merge_time_hours",
        "rework_rate",
        "metrics.cost_usd.value",
    ]
    assert changed[2].now_text == "is gone"
    assert changed[3].now_text == "not known"


def test_words_the_clock_and_last_digits_are_no_change(document: dict[str, Any]) -> None:
    now = copy.deepcopy(document)
    now["acceptance_rate"] *= 1 + 1e-12
    now["metadata"]["version"] = "99"
    now["notes"] = []
    now["report"]["findings"][0]["text"] = "Better words."
    now["report"]["fingerprint"] = "f" * 64
    assert all(one.holds for one in held(document, now))


def test_a_number_in_a_table_of_the_report_counts_too(document: dict[str, Any]) -> None:
    now = copy.deepcopy(document)
    blocks = now["report"]["sections"][0]["blocks"]
    chart = next(block for block in blocks if block["type"] == "StackedDays")
    chart["table"]["rows"][3][1] += 1
    changed = [one.name for one in held(document, now) if not one.holds]
    assert changed == ["report.sections.use.blocks.daily_tokens.table.rows"]


def test_a_number_is_held_against_the_same_one_wherever_it_stands_now(
    document: dict[str, Any],
) -> None:
    now = copy.deepcopy(document)
    now["report"]["sections"].reverse()
    figures = now["report"]["figures"]
    gone = figures.pop(3)
    figures.insert(0, {**gone, "slug": "a_new_one", "value": 17.0})
    changed = [one for one in held(document, now) if not one.holds]
    assert changed
    assert {one.name.rpartition(".")[0] for one in changed} <= {
        f"report.figures.{gone['slug']}",
        f"report.figures.{gone['slug']}.change",
    }
    assert all(one.is_gone for one in changed)


def test_a_document_says_what_it_was_asked_for(document: dict[str, Any]) -> None:
    asked, made, compare = asked_by(document)
    assert asked == {
        "repo": "acme/payments",
        "since": "2026-01-29",
        "until": "2026-03-12",
        "policy_models": None,
        "lag_days": 1,
    }
    assert made == datetime(2026, 3, 20, 12, tzinfo=UTC)
    assert compare == "previous"


@pytest.mark.parametrize("broken", [{}, {"metadata": None}, {"metadata": {"generated_at": "soon"}}])
def test_a_document_that_does_not_say_it_is_refused(broken: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="make it anew"):
        asked_by(broken)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"metric,value\r\n", "is no JSON document"),
        (b"\xff\xfe", "is no JSON document"),
        (b"[" * 100_000, "is no JSON document"),
        (b"[1]", "its schema is None"),
        (b'{"schema": "prodlens.report/9"}', "its schema is 'prodlens.report/9'"),
    ],
)
def test_a_file_that_is_no_report_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "report.json"
    path.write_bytes(content)
    with pytest.raises(InputError, match=message):
        read(path)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(MissingPathError, match=r"gone\.json does not exist"):
        read(tmp_path / "gone.json")
