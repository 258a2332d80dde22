from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from prodlens.exports.terminal import page
from prodlens.exports.text import columns
from prodlens.metrics import ReportGenerator
from prodlens.storage import ProdLensStore

if TYPE_CHECKING:
    from collections.abc import Callable

    from prodlens.metrics.report import Report

    Make = Callable[..., Report]

GOLDEN = Path(__file__).parents[2] / "golden_text"
UPDATE = bool(os.environ.get("UPDATE_GOLDEN_TEXT"))
"""`UPDATE_GOLDEN_TEXT=1 pytest ...` writes the files anew; look at the difference afterwards."""


def compare(name: str, text: str) -> None:
    path = GOLDEN / name
    if UPDATE:
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("width", [60, 80, 120])
def test_the_page_of_a_team(report: Report, width: int) -> None:
    compare(f"report_team_{width}.txt", page(report, width=width).plain())


@pytest.mark.parametrize("width", [60, 80, 120])
def test_the_page_of_an_empty_store(empty: Report, width: int) -> None:
    compare(f"report_empty_{width}.txt", page(empty, width=width).plain())


@pytest.mark.parametrize("width", [60, 80, 120])
def test_the_page_of_a_team_that_delivers(delivering: Report, width: int) -> None:
    compare(f"report_delivering_{width}.txt", page(delivering, width=width).plain())


def test_the_page_of_deliveries_from_a_clone_alone(from_clone: Report) -> None:
    compare("report_clone_80.txt", page(from_clone, width=80).plain())


def test_the_page_of_deliveries_without_calls(no_calls: Report) -> None:
    compare("report_no_calls_80.txt", page(no_calls, width=80).plain())


def bare(n: int, **fields: Any) -> dict[str, Any]:
    return {"native_key": f"test:{n}", "timestamp": f"2026-03-02T{9 + n:02d}:00:00Z", **fields}


def first_sentence(report: Report) -> str:
    return page(report, width=120).plain().split(" · ")[0].rpartition("\n")[0].replace("\n", " ")


def test_few_decisions_do_not_lead_the_report(make: Make) -> None:
    few = make([bare(1, cost_usd=1.5, accepted_flag=True), bare(2)])
    assert first_sentence(few) == (
        "2 calls cost $1.50, counting the 1 with a price; only 1 decision was recorded, too few "
        "for a rate."
    )


def test_calls_about_which_nothing_is_known_claim_nothing(make: Make) -> None:
    assert first_sentence(make([bare(1)])) == (
        "What 1 call cost isn't known; how much was accepted isn't known, because no source "
        "recorded decisions."
    )
    metrics, _, _ = page(make([bare(1)])).plain().partition("What is known")
    zeros = [line.split("  ")[0] for line in metrics.splitlines() if " 0.0%" in line]
    assert zeros == ["Calls with a decision", "Calls with a known cost"]
    assert "$0.00" not in metrics


def test_full_coverage_carries_the_other_caveat(make: Make) -> None:
    calls = [{**bare(n % 10), "native_key": f"k:{n}", "accepted_flag": n < 15} for n in range(30)]
    assert first_sentence(make(calls)) == (
        "Of 30 calls with a decision 50.0% were accepted (95% interval 33.2% to 66.8%); calls of "
        "one developer resemble each other, so the interval is too narrow."
    )


@pytest.mark.parametrize("width", [1, 47, 48, 60, 79, 80, 100, 120, 300])
def test_no_line_is_wider_than_the_terminal(report: Report, delivering: Report, width: int) -> None:
    wide = min(max(width, 48), 120)
    for shown in (report, delivering):
        lines = page(shown, width=width).plain().splitlines()
        assert max(columns(line) for line in lines) <= wide
        assert not any(line != line.rstrip() for line in lines)


@pytest.mark.parametrize("name", ["report", "delivering"])
def test_narrow_pages_leave_no_number_out(name: str, request: pytest.FixtureRequest) -> None:
    shown = request.getfixturevalue(name)

    def numbers(width: int) -> set[str]:
        text = page(shown, width=width).plain()
        return set(re.findall(r"\$?\d[\d,.]*%?", text))

    assert numbers(60) == numbers(80) == numbers(120)


def test_hostile_names_reach_no_terminal(report: Report) -> None:
    text = page(report, width=120).plain()
    assert "evilred" in text
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text)


def test_colour_is_emphasis_only_and_the_text_is_the_same(report: Report) -> None:
    sheet = page(report, width=80)
    styled = sheet.styled()
    assert styled.plain + "\n" == sheet.plain()
    assert {str(span.style) for span in styled.spans} == {"bold", "dim", "yellow"}


def test_wide_characters_keep_columns_aligned(make: Make) -> None:
    calls = [bare(1, model="模型-一", cost_usd=2.0), bare(2, model="abc", cost_usd=1.0)]
    lines = page(make(calls), width=80).plain().splitlines()
    rows = [line for line in lines if line.startswith(("模型", "abc"))]
    assert len(rows) == 2
    assert len({columns(row) for row in rows}) == 1


def test_what_was_dropped_or_set_aside_is_said_with_its_command(make: Make, tmp_path: Path) -> None:
    make([bare(1, latency_ms=-5.0)])
    with ProdLensStore(tmp_path / "0.db") as store:
        store.conn.execute(
            "insert into dead_letters (path, byte_offset, length, line, digest, reason, first_seen)"
            " values ('x', 0, 1, 1, 'd', 'not JSON', '2026-03-01')"
        )
        report = ReportGenerator(store).build(repo=None, since=None)
    lines = [line.strip() for line in page(report, width=80).plain().splitlines()]
    assert "1 negative duration left out" in lines
    place = lines.index("1 record set aside, over all repositories")
    assert lines[place + 1] == "prod-lens dead-letter list"


def test_the_hour_and_day_counts_of_one_day_read_well(make: Make) -> None:
    text = page(make([bare(1)]), width=120).plain()
    assert "calls on 1 of 1 day" in text
    assert "all repositories · 2 Mar 2026 · 1 call" in text
