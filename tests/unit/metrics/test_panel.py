from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from prodlens.metrics.developers import gathered
from prodlens.metrics.panel import panel
from prodlens.metrics.panel_sentences import headline, line_sentence, remarks, summary
from unit.metrics.team_days import MONDAY, covered, entry, team, window

if TYPE_CHECKING:
    from prodlens.metrics.panel import Panel, PanelLine

PAIR = ("sessions", "commits")
FORBIDDEN = re.compile(r"\b(causes|caused|no effect|significant\w*|proves?)\b", re.IGNORECASE)


def of(developers: int, lags: tuple[int, ...] = (-1, 0, 1), **more: Any) -> Panel:
    return panel(covered(60), team(developers, **more), PAIR, lags)


def at(found: Panel, lag: int) -> PanelLine:
    return next(line for line in found.lines if line.lag_days == lag)


def test_what_was_planted_at_lag_1_is_found_there_alone() -> None:
    found = of(8, link=0.8, seed=2)
    assert [line.lag_days for line in found.lines if line.is_finding] == [1]
    line = at(found, 1)
    assert line.beta is not None
    assert line.beta > 0.1
    assert (line.status, line.n_developers) == ("ok", 8)
    assert line_sentence(found, line).startswith(
        "On days on which a developer has more AI sessions than usual for them, compared with "
        "everybody on that day, they have more commits the next day (slope +"
    )
    assert headline(found) is line


def test_busy_people_who_do_more_of_both_are_no_association() -> None:
    found = of(8, busy=1.0)
    assert not any(line.is_finding for line in found.lines)
    assert "neither shows nor excludes" in line_sentence(found, at(found, 1))


def test_negative_lags_are_placebo_and_in_no_family() -> None:
    found = of(8)
    assert found.family_size == 2
    assert at(found, -1).q is None
    assert line_sentence(found, at(found, -1)).startswith("Placebo (commits the day before")


def test_up_to_ten_developers_the_wild_bootstrap_must_agree() -> None:
    few, many = of(8, link=0.8), of(11, link=0.8)
    assert at(few, 1).p_wild is not None
    assert at(many, 1).p_wild is None
    assert next(remarks(few)).startswith("With 8 developers each line counts only where the wild")
    assert list(remarks(many)) == ["All AI sessions name their developer."]
    disagreeing = replace(at(few, 1), p_wild=0.06)
    assert not disagreeing.excludes_zero
    assert disagreeing.tested_p == 0.06


def test_five_developers_never_make_a_finding() -> None:
    found = of(5, link=2.0)
    assert at(found, 1).status == "exploratory"
    assert at(found, 1).p_wild == pytest.approx(2 / 32)  # the smallest there can be
    assert not at(found, 1).is_finding


@pytest.mark.parametrize("developers", [0, 1, 4])
def test_below_five_people_nothing_is_shown(developers: int) -> None:
    found = of(developers)
    assert {line.status for line in found.lines} == {"too_few_people"}
    assert (found.n_people, found.linked_share) == (None, None)
    assert at(found, 1).beta is at(found, 1).n_developers is None
    assert line_sentence(found, at(found, 1)) == (
        "Not enough data (2026-01-05 to 2026-03-05): it takes 5 developers who were there on 14 "
        "days; below that nothing about single people is shown."
    )


def test_people_who_were_there_too_briefly_do_not_count() -> None:
    brief = panel(covered(60), team(8, days=12), PAIR, (1,))
    assert brief.lines[0].status == "too_few_people"


@pytest.mark.parametrize(
    ("pair", "unknown", "status", "said"),
    [
        (("sessions", "reopened"), (), "not_by_person", "who is behind each count is not known"),
        (PAIR, ("sessions",), "no_x", "no AI sessions are known"),
        (PAIR, ("commits",), "no_y", "no commits are known"),
        (("sessions", "merged_prs"), (), "not_linked", "none of the merged pull requests belong"),
    ],
)
def test_what_is_missing_is_said(
    pair: tuple[str, str], unknown: tuple[str, ...], status: str, said: str
) -> None:
    found = panel(covered(60, *unknown), team(8), pair, (1,))
    assert found.lines[0].status == status
    assert said in line_sentence(found, found.lines[0])


def test_deliveries_of_people_without_calls_are_told() -> None:
    rows = [
        entry(f"d{number}", day, metric, 1 + (day * number + len(metric)) % 3)
        for number in range(6)
        for day in range(40)
        for metric in ("sessions", "commits")
    ]
    rows += [entry("zoe", day, "commits", 9) for day in range(40)]
    found = panel(covered(40), gathered(rows, window(40)), PAIR, (1,))
    assert found.linked_share is not None
    assert 0.5 < found.linked_share < 0.6
    assert "of the commits belong to somebody whose calls are known" in " ".join(remarks(found))


def test_constant_days_are_a_status() -> None:
    rows = [
        entry(f"d{number}", day, metric, 2)
        for number in range(6)
        for day in range(40)
        for metric in ("sessions", "commits")
    ]
    found = panel(covered(40), gathered(rows, window(40)), PAIR, (0,))
    assert found.lines[0].status == "zero_variance"
    assert "nothing varies" in line_sentence(found, found.lines[0])


def test_weekends_and_holidays_are_left_out() -> None:
    every, without = (
        of(8),
        panel(covered(60), team(8), PAIR, (0,), nonworking_days=(MONDAY + timedelta(days=2),)),
    )
    assert at(every, 0).n_obs == 8 * 44  # 60 days from a Monday on hold 44 work days
    assert at(without, 0).n_obs == 8 * 43


def test_names_and_order_of_developers_change_nothing() -> None:
    first, again = of(7, link=0.3), of(7, link=0.3)
    assert first == again


def test_no_sentence_claims_a_cause_and_each_names_its_basis() -> None:
    for found in (of(8, link=0.8), of(8), of(5), of(3)):
        for line in found.lines:
            text = line_sentence(found, line)
            assert not FORBIDDEN.search(text), text
            if line.is_tested:
                assert "95% interval" in text
                assert "2026-01-05 to 2026-03-05" in text
                assert "family of 2 tests" in text
                assert "What would change it" in text
        assert not FORBIDDEN.search(summary(found))


def test_a_line_that_fails_its_family_is_no_finding() -> None:
    found = of(8, link=0.8)
    failed = replace(at(found, 1), q=0.2)
    assert "but not after allowing for the number of tests" in line_sentence(found, failed)
