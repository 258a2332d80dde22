from __future__ import annotations

import dataclasses
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prodlens.exports.association_block import associations, strip
from prodlens.exports.building import model_of
from prodlens.exports.building_association import association_section, effects_section
from prodlens.exports.effects_block import effects
from prodlens.exports.headline import headline
from prodlens.exports.model import Finding
from prodlens.exports.page import Page
from prodlens.metrics.association import Associations
from prodlens.metrics.calendar import Days
from prodlens.metrics.effects import EffectSizes, Size

if TYPE_CHECKING:
    from prodlens.exports.model import Section
    from prodlens.metrics.report import Report


def shown(report: Report, *, width: int = 120, **changes: Any) -> str:
    """The block of a report whose first comparison is changed."""
    first, *rest = report.associations.comparisons
    changed = dataclasses.replace(first, **changes)
    sheet = Page(width=width)
    found = dataclasses.replace(report, associations=Associations((changed, *rest)))
    associations(sheet, section_of(found), first="")
    return sheet.plain()


def section_of(report: Report) -> Section:
    section = association_section(report)
    assert section is not None
    return section


@pytest.mark.parametrize(
    ("r", "ends", "drawn"),
    [
        (0.0, (-0.5, 0.5), "  ───●───  "),
        (0.4, (0.2, 0.6), "     │─●─  "),
        (-0.8, (-1.0, -0.6), "─●─  │     "),
        (1.0, (1.0, 1.0), "     │    ●"),
        (0.01, (0.004, 0.02), "     │●    "),
    ],
)
def test_a_strip_is_drawn_to_scale(r: float, ends: tuple[float, float], drawn: str) -> None:
    assert strip(r, ends, width=11) == drawn


@given(st.floats(-1, 1), st.floats(-1, 1), st.floats(-1, 1), st.integers(11, 41))
def test_a_strip_has_its_width_its_dot_and_touches_zero_only_with_its_interval(
    one: float, two: float, three: float, width: int
) -> None:
    low, r, high = sorted((one, two, three))
    drawn = strip(r, (low, high), width=width)
    assert len(drawn) == width - (1 - width % 2)
    assert drawn.count("●") == 1
    middle = drawn[len(drawn) // 2]
    assert (middle in "┼●") == (low <= 0.0 <= high)


def test_a_sentence_that_leads_the_page_is_not_said_again(delivering: Report) -> None:
    section = section_of(delivering)
    sheet = Page(width=120)
    said = section.blocks[0]
    assert isinstance(said, Finding)
    associations(sheet, section, first=said.text)
    text = " ".join(sheet.plain().split())
    assert "more merged pull requests the next day (r +0.28" in text
    assert "more commits the next day" not in text


def leading(report: Report, **changes: Any) -> str:
    """The sentence a report begins with when its first comparison is changed."""
    first, *rest = report.associations.comparisons
    changed = dataclasses.replace(first, **changes)
    return headline(dataclasses.replace(report, associations=Associations((changed, *rest))))


def test_a_report_begins_with_what_a_person_can_repeat_and_its_caveat(delivering: Report) -> None:
    assert headline(delivering) == (
        "Days with more AI sessions than usual for the weekday go together with more commits the "
        "next day (r +0.27, 95% interval +0.04 to +0.48, 89 paired days, not declared beforehand). "
        "An association of day-to-day fluctuations, not an effect of AI."
    )
    found = delivering.associations.commits.result
    assert found is not None
    open_ = dataclasses.replace(found, r=-0.11, ci_low=-0.44, ci_high=0.25)
    assert leading(delivering, result=open_) == (
        "89 paired days neither show nor exclude that days with more AI sessions go together with "
        "more or fewer commits the next day (r -0.11, 95% interval -0.44 to +0.25)."
    )
    assert "declared beforehand). An association" in leading(delivering, declaration="confirmatory")
    below = dataclasses.replace(found, r=-0.4, ci_low=-0.6, ci_high=-0.2)
    assert "go together with fewer commits" in leading(delivering, result=below)
    short = leading(delivering, status="exploratory")
    assert short.startswith("Exploratory, fewer than 28 days: Days with more AI sessions")


def test_what_does_not_stand_after_so_many_tests_leads_as_no_finding(delivering: Report) -> None:
    asked: dict[str, Any] = {"is_primary": False, "q": 0.21, "family_size": 8}
    assert leading(delivering, **asked) == (
        "AI sessions and commits the next day (r +0.27, 95% interval +0.04 to +0.48, 89 paired "
        "days, q 0.210 of 8 tests): no finding, after allowing for chance."
    )


def test_the_first_finding_has_the_numbers_and_the_section_says_it_in_full(
    delivering: Report,
) -> None:
    model = model_of(delivering)
    first, second = model.findings[:2]
    assert first.id == "headline"
    assert second.id == "association_commits"
    assert first.estimate == second.estimate
    assert first.estimate is not None
    assert first.detail.startswith("n 89 pairs of days, worth")
    assert "What would change it:" in second.text
    assert len({one.id for one in model.findings}) == len(model.findings)


def test_n_family_q_status_and_effect_stand_with_each_estimate(delivering: Report) -> None:
    lines = shown(delivering).splitlines()
    assert lines[1] == "Association of AI sessions with deliveries"
    assert lines[2] == "  Pearson, weekday and trend removed, 95% interval"
    assert lines[3].startswith("commits, +1 d")
    assert lines[3].endswith("+0.27 [+0.04, +0.48]")
    text = " ".join("\n".join(lines).split())
    assert "worth 81; primary by default, p 0.024; status ok; about +21% [+3%, +39%]" in text
    assert "exploratory, q 0.017 held against 0.10, family of 1; status ok; about +14%" in text
    assert "declared beforehand" not in text
    declared = " ".join(shown(delivering, declaration="confirmatory").split())
    assert "worth 81; declared beforehand, p 0.024; status ok; about +21%" in declared


def test_what_was_left_out_is_said(delivering: Report) -> None:
    missing = shown(delivering, days_covered=80, days_in_window=90)
    assert "10 days of 90 left out: not covered by both." in missing
    run = shown(
        delivering,
        is_longest_run=True,
        days=Days(date(2026, 1, 5), date(2026, 2, 8)),
        days_covered=35,
    )
    assert (
        "Too many days are without coverage: only the longest run of covered days is compared, 5 "
        "Jan to 8 Feb 2026."
    ) in " ".join(run.split())
    assert "56 days of 91 left out" not in run


def test_holidays_are_named_with_the_estimate_without_them(delivering: Report) -> None:
    result = delivering.associations.commits.result
    days = tuple(date(2025, 12, day) for day in (24, 25, 26, 31))
    text = " ".join(shown(delivering, quiet_workdays=days, without_quiet=result).split())
    assert (
        "Without 4 work days on which hardly anything happened (24 Dec 2025, 25 Dec 2025, 26 Dec "
        "2025, ...): +0.27 [+0.04, +0.48]."
    ) in text


def test_too_little_data_is_a_sentence_in_place_of_a_strip(delivering: Report) -> None:
    text = shown(delivering, status="descriptive", days_covered=9)
    assert "commits, +1 d: Not enough data: 5 more days are needed." in text


def test_on_the_narrowest_page_the_numbers_stay_and_the_strip_goes(delivering: Report) -> None:
    lines = shown(delivering, width=40).splitlines()
    assert "commits, +1 d      +0.27 [+0.04, +0.48]" in lines


def test_effect_sizes_show_words_and_intervals(delivering: Report) -> None:
    found = EffectSizes(
        accepted=30,
        rejected=20,
        developers=12,
        latency=Size(value=-0.41, ci_low=-0.48, ci_high=-0.34, word="small"),
        latency_dominance=Size(value=-0.25, ci_low=-0.3, ci_high=-0.2, word="small"),
        token_ratio_disjoint=Size(value=0.99, ci_low=0.96, ci_high=1.03),
        ci_reason=None,
    )
    sheet = Page(width=80)
    section = effects_section(dataclasses.replace(delivering, effects=found))
    assert section is not None
    effects(sheet, section)
    assert sheet.plain().splitlines()[1:] == [
        "Effect sizes, accepted against rejected calls",
        "Response time, Cohen's d                    -0.41  small  -0.48 to -0.34",
        "Response time, Cliff's delta                -0.25  small  -0.30 to -0.20",
        "Tokens, accepted / rejected                  0.99         0.96 to 1.03",
        "  30 accepted and 20 rejected calls of 12 developers; intervals draw whole",
        "  developers",
    ]


def test_nothing_to_compare_is_no_block(delivering: Report) -> None:
    assert effects_section(dataclasses.replace(delivering, effects=EffectSizes())) is None
