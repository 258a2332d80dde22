from __future__ import annotations

import re
from datetime import date
from typing import Any

import pytest

from prodlens.metrics.calendar import Days
from prodlens.metrics.declaration import Declared
from prodlens.metrics.profile import Line, Profile
from prodlens.metrics.profile_sentences import headline, line_sentence, remarks, summary

SPAN = Days(date(2026, 1, 1), date(2026, 3, 31))
FORBIDDEN = re.compile(
    r"\b(causes?d?|no effect|significant\w*|proves?|drives?|boosts?)\b", re.IGNORECASE
)
RIVALS = (
    "What would change it: a cause of both that comes and goes within three weeks, such as a "
    "deadline or a release"
)


def line(**fields: Any) -> Line:
    given: dict[str, Any] = {
        "lag_days": 1,
        "role": "exploratory",
        "status": "ok",
        "n_pairs": 89,
        "r": 0.40,
        "p_value": 0.001,
        "ci_low": 0.15,
        "ci_high": 0.60,
        "n_eff": 70.0,
        "r_mde80": 0.36,
        "q": 0.008,
    }
    return Line(**given | fields)


def untested(status: str, lag_days: int = 1) -> Line:
    return Line(lag_days=lag_days, role="exploratory", status=status)


def profile(*lines: Line, **fields: Any) -> Profile:
    given: dict[str, Any] = {
        "x": "sessions",
        "y": "merged_prs",
        "lines": lines,
        "days": SPAN,
        "days_in_window": 90,
        "days_covered": 90,
        "days_active": (80, 60),
        "family_size": 8,
    }
    return Profile(**given | fields)


def said(one: Line, **fields: Any) -> str:
    return line_sentence(profile(one, **fields), one)


def test_an_exploratory_finding() -> None:
    assert said(line()) == (
        "Days with more AI sessions than usual for the weekday go together with more merged pull "
        "requests the next day (r +0.40, 95% interval +0.15 to +0.60, 89 paired days, 2026-01-01 "
        "to 2026-03-31; q 0.008 in a family of 8 tests). An association of day-to-day "
        f"fluctuations, not an effect of AI. {RIVALS}, or other data: it was found by looking."
    )


def test_a_finding_downwards_says_fewer() -> None:
    text = said(line(r=-0.40, ci_low=-0.60, ci_high=-0.15))
    assert "go together with fewer merged pull requests the next day (r -0.40" in text


def test_a_declared_finding() -> None:
    assert said(line(role="confirmatory", q=None)) == (
        "Days with more AI sessions than usual for the weekday go together with more merged pull "
        "requests the next day (r +0.40, 95% interval +0.15 to +0.60, 89 paired days, 2026-01-01 "
        "to 2026-03-31; confirmatory: declared in prodlens.toml, outside the family of 8 tests). An "
        f"association of day-to-day fluctuations, not an effect of AI. {RIVALS}."
    )


def test_a_finding_that_is_primary_by_default_says_that_it_confirms_nothing() -> None:
    assert said(line(role="primary", q=None)) == (
        "Days with more AI sessions than usual for the weekday go together with more merged pull "
        "requests the next day (r +0.40, 95% interval +0.15 to +0.60, 89 paired days, 2026-01-01 "
        "to 2026-03-31; primary by default, outside the family of 8 tests; not confirmatory, "
        "because no window with an end date was declared). An association of day-to-day "
        f"fluctuations, not an effect of AI. {RIVALS}, or days that nobody has seen yet, with their "
        "end declared in [confirmatory]."
    )
    alone = said(line(role="primary", q=None), family_size=0)
    assert "primary by default, no other test beside it; not confirmatory" in alone


def test_an_end_near_0_and_a_q_near_its_limit_are_not_rounded_across() -> None:
    assert "95% interval +0.004 to +0.60" in said(line(ci_low=0.004))
    assert "95% interval -0.001 to +0.60" in said(line(ci_low=-0.0001))
    assert "(q 0.1001 in a family" in said(line(q=0.10004))
    assert "; q 0.100 in a family" in said(line(q=0.09996))


def test_one_that_fails_its_family() -> None:
    assert said(line(q=0.2)) == (
        "AI sessions and merged pull requests the next day: r +0.40, 95% interval +0.15 to +0.60, "
        "89 paired days, 2026-01-01 to 2026-03-31, but not after allowing for the number of tests "
        "(q 0.200 in a family of 8 tests). What would change it: this one comparison, declared in "
        "[confirmatory] and made on days that nobody has seen yet."
    )


def test_an_open_one_says_what_could_be_seen() -> None:
    text = said(line(r=0.1, ci_low=-0.2, ci_high=0.4, q=0.6), days_covered=60)
    assert text == (
        "89 paired days, 2026-01-01 to 2026-03-31: only |r| >= 0.36 could be detected; the "
        "estimate, r +0.10, 95% interval -0.20 to +0.40, neither shows nor excludes an "
        "association of AI sessions with merged pull requests the next day (q 0.600 in a family "
        "of 8 tests). What would change it: 14 days more, 74 in all, would show an r of 0.40 four "
        "times out of five."
    )


def test_an_open_one_over_enough_days_asks_for_a_longer_window() -> None:
    text = said(line(r=0.1, ci_low=-0.2, ci_high=0.4, q=0.6), days_covered=400)
    assert text.endswith("What would change it: a longer window, which narrows the interval.")


def test_fewer_than_28_days_are_called_exploratory() -> None:
    assert said(line(status="exploratory")).startswith("Exploratory, fewer than 28 days: Days with")


@pytest.mark.parametrize(
    ("ends", "verdict"),
    [
        ((-0.2, 0.3), "the interval contains 0"),
        (
            (0.1, 0.5),
            (
                "the interval leaves 0 out although the order of time is reversed: something else "
                "moves both, or it is chance"
            ),
        ),
    ],
)
def test_a_placebo(ends: tuple[float, float], verdict: str) -> None:
    one = line(lag_days=-2, role="placebo", r=0.25, ci_low=ends[0], ci_high=ends[1], q=None)
    assert said(one) == (
        "Placebo (merged pull requests 2 days earlier, AI sessions after it): r +0.25, 95% interval "
        f"{ends[0]:+.2f} to {ends[1]:+.2f}, 89 paired days, 2026-01-01 to 2026-03-31, outside the "
        f"family of 8 tests; {verdict}. What would change it: more days."
    )
    assert not one.is_finding


@pytest.mark.parametrize(
    ("one", "fields", "expected"),
    [
        (untested("no_x"), {}, "Not enough data: no AI sessions are known for this window."),
        (
            untested("no_y"),
            {},
            "Not enough data: no merged pull requests are known for this window.",
        ),
        (
            untested("no_shared_days"),
            {"days": None},
            "Not enough data: AI sessions and merged pull requests are known on no day together.",
        ),
        (
            untested("insufficient_activity"),
            {},
            (
                "Not enough activity: of 90 days, 2026-01-01 to 2026-03-31, 80 have AI sessions and 60 "
                "have merged pull requests; 5 of each are needed among the paired days."
            ),
        ),
        (
            untested("zero_variance"),
            {},
            (
                "Nothing to compare (90 days, 2026-01-01 to 2026-03-31): once weekdays and trend are "
                "taken out, AI sessions or merged pull requests don't vary."
            ),
        ),
        (
            untested("invalid"),
            {},
            (
                "Not enough data: fewer than 90% of the days are covered by both (90 days, 2026-01-01 "
                "to 2026-03-31)."
            ),
        ),
        (
            untested("descriptive"),
            {"days_covered": 13},
            (
                "Not enough data: 1 more day is needed. There are 13 days, 2026-01-01 to 2026-03-31, "
                "of 14 that it takes."
            ),
        ),
        (
            untested("insufficient_data", 7),
            {"days_covered": 20},
            (
                "Not enough data: 8 more days are needed. There are 20 days, 2026-01-01 to "
                "2026-03-31, of 28 that it takes."
            ),
        ),
        (
            untested("insufficient_data", 15),
            {},
            "Not enough data: a lag of 15 days is too long, 14 days are the most.",
        ),
    ],
)
def test_what_is_not_tested_says_what_is_missing(
    one: Line, fields: dict[str, Any], expected: str
) -> None:
    assert said(one, **fields) == expected


def test_the_summary_counts_the_family() -> None:
    lines = line(), line(lag_days=2, q=0.3), line(lag_days=-1, role="placebo", q=None)
    assert summary(profile(*lines, family_size=2)) == (
        "90 days, worth 70 or more after autocorrelation. 1 of 2 exploratory tests passes BH at q "
        "0.10. Association, not cause."
    )


def test_the_summary_of_a_larger_family_names_it() -> None:
    assert summary(profile(line(), family="delivery", family_size=24)) == (
        "90 days, worth 70 or more after autocorrelation. 1 of the 1 exploratory tests shown passes "
        "BH at q 0.10, in a family of 24 tests (this use with every delivery, every lag from 0 on). "
        "Association, not cause."
    )


def test_the_summary_says_that_the_primary_line_is_none_of_the_family() -> None:
    lines = line(role="primary", q=None), line(lag_days=2, q=0.3)
    assert summary(profile(*lines, family_size=1)) == (
        "90 days, worth 70 or more after autocorrelation. 0 of 1 exploratory test passes BH at q "
        "0.10; the primary one is not among them. Association, not cause."
    )
    assert summary(profile(lines[0], family_size=0)).endswith(
        "after autocorrelation. There is no exploratory test. Association, not cause."
    )


def test_without_adjustment_the_summary_says_what_chance_gives() -> None:
    made = profile(line(q=None), adjustment="none", family_size=8)
    assert summary(made) == (
        "90 days, worth 70 or more after autocorrelation. Nothing is adjusted: 0.4 of 8 tests are "
        "expected to have p < 0.05 by chance. Association, not cause."
    )
    assert said(line(q=None), adjustment="none") == (
        "AI sessions and merged pull requests the next day: r +0.40, 95% interval +0.15 to +0.60, "
        "89 paired days, 2026-01-01 to 2026-03-31 (p 0.001, not adjusted for the family of 8 "
        "tests); one of so many tests is no finding. What would change it: the adjustment, or this "
        "one comparison, declared in [confirmatory] and made on days that nobody has seen yet."
    )


def test_the_page_speaks_of_the_declared_line_then_of_the_smallest_q_then_of_lag_1() -> None:
    quiet = {"ci_low": -0.2, "ci_high": 0.4}
    lag_1, lag_2 = line(q=0.04), line(lag_days=2, q=0.01)
    assert headline(profile(lag_1, lag_2)) is lag_2
    declared = line(role="confirmatory", q=None, **quiet)
    assert headline(profile(declared, lag_2)) is declared
    primary = line(role="primary", q=None, **quiet)
    assert headline(profile(primary, lag_2)) is primary
    open_1, open_2 = line(q=0.9, **quiet), line(lag_days=2, q=0.2, **quiet)
    assert headline(profile(open_2, open_1)) is open_1
    assert headline(profile(line(lag_days=-1, role="placebo"))) is None


def declared() -> Declared:
    return Declared(
        x="sessions", y="merged_prs", lag_days=1, since=SPAN.first, until=date(2026, 4, 1)
    )


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (
            {"declaration": "not_due"},
            "The declared comparison is due on 2026-04-01: until then it is exploratory.",
        ),
        (
            {"declaration": "other_window"},
            (
                "This is not the declared window, 2026-01-01 to 2026-04-01 (not included): every lag "
                "is exploratory."
            ),
        ),
        (
            {"declaration": "data_short"},
            (
                "The declared window, 2026-01-01 to 2026-04-01 (not included), is not covered by both "
                "series: every lag is exploratory."
            ),
        ),
    ],
)
def test_what_became_of_the_declaration_is_said(fields: dict[str, Any], expected: str) -> None:
    assert list(remarks(profile(line(), declared=declared(), **fields))) == [expected]


def test_repeated_looks_are_said() -> None:
    found = list(remarks(profile(line(), looks=4)))
    assert found == [
        (
            "This pair has been tested at 4 ends of the window: looking again and again finds chance "
            "more often than the intervals say (weekly looks at nothing: 17% instead of 5%)."
        )
    ]
    due: dict[str, Any] = {"looks": 4, "declared": declared(), "declaration": "confirmatory"}
    confirmed = profile(line(role="confirmatory", q=None), **due)
    assert "tested before its end" in next(iter(remarks(confirmed)))
    elsewhere = profile(line(lag_days=2), **due)
    assert not any("tested before its end" in said for said in remarks(elsewhere))


def test_a_loud_placebo_is_said() -> None:
    loud = line(lag_days=-3, role="placebo", q=None)
    assert list(remarks(profile(loud))) == [
        (
            "Placebo: at -3 d (r +0.40, 95% interval +0.15 to +0.60) the interval leaves 0 out with "
            "time reversed; an association at a positive lag says little about order in time here."
        )
    ]


def test_left_out_days_and_quiet_days_are_said() -> None:
    found = list(remarks(profile(line(), days_covered=80)))
    assert found == ["10 days of 90 left out: not covered by both series."]
    run = list(remarks(profile(line(), is_longest_run=True)))
    assert run[0].endswith(
        "only the longest run of covered days is compared, 2026-01-01 to 2026-03-31."
    )
    quiet = profile(
        line(), quiet_workdays=(date(2026, 1, 1),), without_quiet=(line(r=0.3, ci_low=0.05),)
    )
    assert list(remarks(quiet)) == [
        (
            "On 1 day of work hardly anything happened (2026-01-01). Without them at +1 d: r +0.30, "
            "95% interval +0.05 to +0.60. If these were holidays, list them as nonworking_days in "
            "prodlens.toml."
        )
    ]


def test_no_sentence_claims_a_cause_or_the_absence_of_one() -> None:
    shapes = [
        line(),
        line(role="confirmatory", q=None),
        line(role="primary", q=None),
        line(role="primary", q=None, ci_low=-0.1),
        line(q=0.5),
        line(ci_low=-0.1),
        line(status="exploratory"),
        line(lag_days=-1, role="placebo", q=None),
        *[untested(status) for status in ("no_x", "no_y", "descriptive", "zero_variance")],
    ]
    for one in shapes:
        text = said(one)
        without_rivals = text.replace("a cause of both", "")
        assert not FORBIDDEN.search(without_rivals), text
        if one.is_tested:
            assert "95% interval" in text
            assert "paired days" in text
            assert "2026-01-01 to 2026-03-31" in text
            assert "family of 8 test" in text
            assert "What would change it" in text
