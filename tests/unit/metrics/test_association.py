from __future__ import annotations

import dataclasses
import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prodlens.clock import day_start
from prodlens.metrics import sentences
from prodlens.metrics.association import RESULT_FIELDS, associate, exposure_of
from prodlens.metrics.calendar import DailySeries, Days
from prodlens.metrics.declaration import Asking, Declared
from prodlens.metrics.inputs import DailyInputs
from prodlens.selection import Selection
from prodlens.stats.association import LaggedAssociation, lagged_association

GOLDEN = Path(__file__).parents[2] / "golden" / "lagged_association.json"
CASES = {case["name"]: case for case in json.loads(GOLDEN.read_text(encoding="utf-8"))["cases"]}
NULL, EFFECT = CASES["null_30d_lag1"]["input"], CASES["effect_90d_lag1"]["input"]
FIRST = {3: date(2026, 1, 1), 4: date(2026, 1, 2), 0: date(2026, 1, 5)}
"""A day of each weekday that a case begins with."""


def series(name: str, values: list[int], first: date, *missing: int) -> DailySeries:
    days = [first + timedelta(days=place) for place in range(len(values))]
    return DailySeries(
        name=name,
        counts=dict(zip(days, values, strict=True)),
        covered=frozenset(day for place, day in enumerate(days) if place not in missing),
    )


def daily(
    x: list[int], y: list[int], weekday: int = 0, *, merged: list[int] | None = None, **more: Any
) -> DailyInputs:
    first = FIRST[weekday]
    given: dict[str, Any] = {
        "days": Days(first, first + timedelta(days=len(x) - 1)),
        "sessions": series("sessions", x, first),
        "commits": series("commits", y, first),
        "calls_in_window": 10,
        "calls_with_session": 10,
    }
    if merged is not None:
        given["merged_prs"] = series("merged_prs", merged, first)
    return DailyInputs(**given | more)


def effect_inputs(**more: Any) -> DailyInputs:
    return daily(EFFECT["x"], EFFECT["y"], EFFECT["start_weekday"], **more)


def test_every_field_of_a_result_is_handed_on() -> None:
    fields = [field.name for field in dataclasses.fields(LaggedAssociation)]
    assert fields == ["status", *RESULT_FIELDS]


def test_the_series_are_compared_on_their_complete_calendar() -> None:
    found = associate(effect_inputs(), lag_days=1).commits
    assert found.result is not None
    assert found.result.n_pairs == 89
    assert found.result.r == pytest.approx(0.270720257428419)
    assert found.result.p_value == pytest.approx(0.0237084880125878)
    assert (found.status, found.standing, found.declaration) == ("ok", "primary", "none")
    assert (found.q, found.family_size) == (None, 0)
    assert (found.days_in_window, found.days_covered) == (90, 90)
    assert sentences.sentence(found) == (
        "Days with more AI sessions than usual for the weekday go together with more commits the "
        "next day (r +0.27, 95% interval +0.04 to +0.48, 89 paired days, 2026-01-02 to 2026-04-01; "
        "primary by default, no other test beside it; not confirmatory, because no window with an "
        "end date was declared). An association of day-to-day fluctuations, not an effect of AI. "
        "What would change it: a cause of both that comes and goes within three weeks, such as a "
        "deadline or a release, or days that nobody has seen yet, with their end declared in "
        "[confirmatory]."
    )


def declared(**changed: Any) -> Asking:
    """Return the declaration of sessions and commits at lag 1 over the golden days, at its end."""
    since, until = date(2026, 1, 2), date(2026, 4, 2)
    said: dict[str, Any] = {"x": "sessions", "y": "commits", "lag_days": 1}
    return Asking(
        selection=Selection(since=day_start(since), until=day_start(until)),
        now=day_start(until),
        declared=Declared(**{**said, "since": since, "until": until, **changed}),
    )


def test_without_a_declaration_the_default_is_primary_and_nothing_is_confirmed() -> None:
    found = associate(effect_inputs(merged=EFFECT["y"]), lag_days=1)
    assert [one.standing for one in found.every] == ["primary", "exploratory"]
    assert found.commits.family_size == 1
    assert found.comparisons[1].q == pytest.approx(0.0237084880125878)
    assert found.family == (found.comparisons[1],)
    assert found.lead is found.commits


@pytest.mark.parametrize(
    ("asking", "lag_days"),
    [
        (Asking(), 2),
        (Asking(selection=Selection(traffic=("human",))), 1),
    ],
    ids=["another lag", "part of the traffic"],
)
def test_nothing_but_the_default_itself_is_primary(asking: Asking, lag_days: int) -> None:
    found = associate(effect_inputs(merged=EFFECT["y"]), lag_days=lag_days, asking=asking)
    assert [one.standing for one in found.every] == ["exploratory", "exploratory"]
    assert found.commits.family_size == 2


def test_the_default_without_data_is_still_primary() -> None:
    found = associate(DailyInputs(), lag_days=1)
    assert [one.standing for one in found.every] == ["primary", "exploratory"]
    assert found.commits.q is None


def test_the_declared_comparison_stands_outside_the_family() -> None:
    found = associate(effect_inputs(merged=EFFECT["y"]), lag_days=1, asking=declared())
    commits, merged = found.comparisons
    assert (commits.is_primary, commits.standing) == (True, "confirmatory")
    assert found.family == (merged,)
    assert commits.q is None
    assert merged.q == pytest.approx(0.0237084880125878)
    assert merged.family_size == commits.family_size == 1
    assert (
        "confirmatory: declared in prodlens.toml, outside the family of 1 test)"
        in sentences.sentence(commits)
    )


@pytest.mark.parametrize(
    ("changed", "declaration"),
    [
        ({"until": date(2026, 5, 1)}, "other_window"),
        ({"lag_days": 2}, "none"),
        ({"repo": "acme/web"}, "none"),
        ({"y": "merged_prs"}, "none"),
    ],
)
def test_what_was_not_declared_explores(changed: dict[str, Any], declaration: str) -> None:
    found = associate(effect_inputs(), lag_days=1, asking=declared(**changed))
    assert (found.commits.is_primary, found.commits.declaration) == (False, declaration)


def test_before_its_end_a_declared_comparison_explores() -> None:
    early = dataclasses.replace(declared(), now=day_start(date(2026, 4, 1)))
    found = associate(effect_inputs(), lag_days=1, asking=early)
    assert (found.commits.is_primary, found.commits.declaration) == (False, "not_due")


def test_a_declared_comparison_at_another_lag_is_added_and_leads() -> None:
    found = associate(effect_inputs(), lag_days=1, asking=declared(lag_days=3))
    assert found.declared is not None
    assert (found.declared.lag_days, found.declared.is_primary) == (3, True)
    assert found.lead is found.declared
    assert found.commits.q == found.commits.result.p_value if found.commits.result else None


def test_a_declared_comparison_of_another_series_needs_that_series() -> None:
    asking = declared(x="tokens")
    assert associate(effect_inputs(), lag_days=1, asking=asking).declared is None
    tokens = series("tokens", EFFECT["x"], FIRST[4])
    found = associate(effect_inputs(), lag_days=1, asking=asking, series={"tokens": tokens})
    assert found.declared is not None
    assert found.declared.result == found.commits.result
    assert (found.declared.exposure, found.declared.is_primary) == ("tokens", True)


def test_listed_holidays_are_set_aside() -> None:
    holiday = date(2026, 2, 4)
    asking = Asking(nonworking_days=(holiday,))
    found = associate(effect_inputs(), lag_days=1, asking=asking).commits
    assert found.result == lagged_association(EFFECT["x"], EFFECT["y"], 4, 1, [33])


def test_at_another_lag_both_comparisons_are_adjusted_for_each_other() -> None:
    found = associate(effect_inputs(merged=EFFECT["x"]), lag_days=2)
    commits, merged = found.comparisons
    assert commits.result is not None
    assert merged.result is not None
    assert commits.family_size == 2
    p = sorted([commits.result.p_value or 0.0, merged.result.p_value or 0.0])
    q = sorted([commits.q or 0.0, merged.q or 0.0])
    assert q == pytest.approx([min(2 * p[0], p[1]), p[1]])
    assert not commits.is_primary


def test_a_test_that_could_not_be_made_does_not_count() -> None:
    found = associate(effect_inputs(merged=[0] * 90), lag_days=2)
    commits, merged = found.comparisons
    assert (merged.status, merged.q, commits.family_size) == ("insufficient_activity", None, 1)
    assert commits.result is not None
    assert commits.q == commits.result.p_value


def test_an_estimate_that_shows_nothing_says_what_could_be_seen() -> None:
    found = associate(daily(NULL["x"], NULL["y"], NULL["start_weekday"]), lag_days=1).commits
    assert sentences.sentence(found).startswith(
        "29 paired days, 2026-01-01 to 2026-01-30: only |r| >= 0.58 could be detected; the "
        "estimate, r -0.18, 95% interval -0.57 to +0.27, neither shows nor excludes an association "
        "of AI sessions with commits the next day (primary by default, "
    )


def test_a_comparison_that_fails_its_family_is_not_called_an_association() -> None:
    found = associate(effect_inputs(merged=EFFECT["y"]), lag_days=1).comparisons[1]
    failed = dataclasses.replace(found, q=0.11, family_size=5)
    assert sentences.sentence(failed).startswith(
        "AI sessions and merged pull requests the next day: r +0.27, 95% interval +0.04 to +0.48, "
        "89 paired days, 2026-01-02 to 2026-04-01, but not after allowing for the number of tests "
        "(q 0.110 in a family of 5 tests). What would change it: "
    )
    among = dataclasses.replace(found, q=0.1, family_size=5)
    assert "q 0.100 in a family of 5 tests). An association" in sentences.sentence(among)


def test_fewer_go_together_where_the_interval_lies_below_zero() -> None:
    found = associate(effect_inputs(), lag_days=1).commits
    assert found.result is not None
    below = dataclasses.replace(found.result, r=-0.5, ci_low=-0.7, ci_high=-0.2)
    text = sentences.sentence(dataclasses.replace(found, result=below))
    assert "go together with fewer commits the next day (r -0.50" in text


def test_less_than_four_weeks_are_exploratory() -> None:
    x, y = EFFECT["x"][:20], EFFECT["y"][:20]
    found = associate(daily(x, y, 4), lag_days=1).commits
    assert found.status == "exploratory"
    assert sentences.sentence(found).startswith("Exploratory, fewer than 28 days: 19 paired days")


@pytest.mark.parametrize(
    ("days", "lag", "sentence"),
    [
        (
            10,
            1,
            (
                "4 more days are needed. There are 10 days, 2026-01-02 to 2026-01-11, of 14 that it "
                "takes."
            ),
        ),
        (
            1,
            1,
            "13 more days are needed. There is 1 day, 2026-01-02 to 2026-01-02, of 14 that it takes.",
        ),
        (
            20,
            7,
            (
                "8 more days are needed. There are 20 days, 2026-01-02 to 2026-01-21, of 28 that it "
                "takes."
            ),
        ),
        (
            27,
            7,
            "1 more day is needed. There are 27 days, 2026-01-02 to 2026-01-28, of 28 that it takes.",
        ),
        (90, 15, "a lag of 15 days is too long, 14 days are the most."),
        (5, 400, "a lag of 400 days is too long, 14 days are the most."),
    ],
)
def test_too_little_data_says_how_much_is_missing(days: int, lag: int, sentence: str) -> None:
    found = associate(daily(EFFECT["x"][:days], EFFECT["y"][:days], 4), lag_days=lag).commits
    assert sentences.sentence(found) == f"Not enough data: {sentence}"
    assert found.q is None


def test_constant_and_empty_series_are_a_sentence() -> None:
    constant = associate(daily([3] * 30, EFFECT["y"][:30], 4), lag_days=1).commits
    assert sentences.sentence(constant) == (
        "Nothing to compare (30 days, 2026-01-02 to 2026-01-31): once weekdays and trend are taken "
        "out, AI sessions or commits don't vary."
    )
    idle = associate(daily([0] * 30, EFFECT["y"][:30], 4), lag_days=1).commits
    assert sentences.sentence(idle) == (
        "Not enough activity: of 30 days, 2026-01-02 to 2026-01-31, 0 have AI sessions and 25 have "
        "commits; 5 of each are needed among the paired days."
    )


def test_without_one_of_the_two_there_is_nothing_to_compare() -> None:
    first = FIRST[4]
    commits = series("commits", EFFECT["y"], first)
    window = Days(first, first + timedelta(days=89))
    no_calls = associate(DailyInputs(days=window, commits=commits), lag_days=1)
    assert [one.status for one in no_calls.comparisons] == ["no_calls", "no_delivery_data"]
    assert [sentences.sentence(one) for one in no_calls.comparisons] == [
        "Not enough data: no AI sessions are known for this window.",
        "Not enough data: no merged pull requests are known for this window.",
    ]
    apart = dataclasses.replace(
        effect_inputs(), commits=series("commits", [1, 2], first + timedelta(days=200))
    )
    found = associate(apart, lag_days=1).commits
    assert (found.status, found.days_in_window) == ("no_shared_days", 90)
    assert sentences.sentence(found) == (
        "Not enough data: AI sessions and commits are known on no day together."
    )


def test_a_few_missing_days_are_dropped_by_pairs_and_counted() -> None:
    given = effect_inputs()
    gaps = series("sessions", EFFECT["x"], FIRST[4], 30, 31, 32)
    found = associate(dataclasses.replace(given, sessions=gaps), lag_days=1).commits
    assert found.result is not None
    assert (found.result.n_days, found.result.n_pairs) == (90, 86)
    assert found.result.n_missing_coverage == 3
    assert (found.days_covered, found.is_longest_run, found.status) == (87, False, "ok")


def test_with_many_missing_days_only_the_longest_run_is_compared() -> None:
    outage = series("sessions", EFFECT["x"], FIRST[4], *range(20, 40))
    found = associate(dataclasses.replace(effect_inputs(), sessions=outage), lag_days=1).commits
    assert found.is_longest_run
    assert found.days == Days(FIRST[4] + timedelta(days=40), FIRST[4] + timedelta(days=89))
    assert (found.days_in_window, found.days_covered, found.status) == (90, 50, "ok")
    wednesday = 2
    assert found.result == lagged_association(EFFECT["x"][40:], EFFECT["y"][40:], wednesday, 1)


def test_days_at_the_edges_that_only_one_side_knows_are_left_out() -> None:
    late = series("commits", EFFECT["y"], FIRST[4], *range(10), *range(80, 90))
    found = associate(dataclasses.replace(effect_inputs(), commits=late), lag_days=1).commits
    assert found.days == Days(FIRST[4] + timedelta(days=10), FIRST[4] + timedelta(days=79))
    assert (found.days_covered, found.days_in_window, found.is_longest_run) == (70, 90, False)


def test_holidays_are_named_and_the_estimate_without_them_is_given() -> None:
    x = [12, 14, 13, 12, 15, 1, 0] * 8
    y = [6, 7, 5, 6, 8, 0, 0] * 8
    x = [value + (place * 7) % 3 for place, value in enumerate(x)]
    y = [value + (place * 5) % 4 for place, value in enumerate(y)]
    x[23] = y[23] = x[24] = y[24] = 0
    found = associate(daily(x, y), lag_days=0).commits
    assert found.quiet_workdays == (date(2026, 1, 28), date(2026, 1, 29))
    assert found.result is not None
    assert found.without_quiet is not None
    assert abs(found.without_quiet.r or 0.0) < abs(found.result.r or 0.0)


@pytest.mark.parametrize(("named", "name"), [(10, "sessions"), (9, "sessions"), (8, "calls")])
def test_calls_stand_in_where_few_of_them_name_a_session(named: int, name: str) -> None:
    assert exposure_of(effect_inputs(calls_with_session=named)).name == name


def test_calls_are_not_the_exposure_that_was_declared() -> None:
    calls = series("calls", EFFECT["x"], FIRST[4])
    found = associate(effect_inputs(calls_with_session=0, calls=calls), lag_days=1).commits
    assert (found.exposure, found.is_primary, found.family_size) == ("calls", False, 1)
    assert "more AI calls than usual" in sentences.sentence(found)


@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=45),
    st.integers(0, 20),
    st.sets(st.integers(0, 44), max_size=12),
)
@settings(max_examples=60)
def test_any_series_gives_a_sentence_and_never_a_verdict_without_its_interval(
    pairs: list[tuple[int, int]], lag: int, missing: set[int]
) -> None:
    x, y = [one for one, _ in pairs], [two for _, two in pairs]
    given_days = daily(x or [0], y or [0])
    gaps = series("sessions", x or [0], FIRST[0], *missing)
    found = associate(dataclasses.replace(given_days, sessions=gaps), lag_days=lag)
    for comparison in found.comparisons:
        text = sentences.sentence(comparison)
        assert text.endswith(".")
        assert not {"nan", "inf", "None", "causes", "significant"} & set(text.split())
        assert comparison.is_tested == ("95% interval" in text)
