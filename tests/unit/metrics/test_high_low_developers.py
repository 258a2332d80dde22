from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from prodlens.metrics.developers import gathered
from prodlens.metrics.high_low_developers import (
    high_low_developers,
    sentence,
)
from unit.metrics.team_days import covered, entry, team, window

if TYPE_CHECKING:
    from prodlens.metrics.high_low_developers import (
        HighLowDevelopers,
    )

PAIR = ("sessions", "commits")


def of(developers: int, **more: Any) -> HighLowDevelopers:
    return high_low_developers(covered(60), team(developers, **more), PAIR)


def test_people_who_use_and_deliver_more_differ() -> None:
    found = of(30, busy=0.2)
    assert (found.status, found.n_high, found.n_low) == ("ok", 10, 10)
    assert found.difference is not None
    assert found.ci_low is not None
    assert found.ci_low > 0
    assert found.delta == 1.0
    text = sentence(found)
    assert text.startswith("Developers with high AI sessions have more commits (+")
    assert "95% interval +" in text
    assert "10 developers in the upper third of AI sessions, 10 in the lower" in text
    assert "2026-01-05 to 2026-03-05" in text
    assert "a family of its own" in text
    assert "A difference between people, not an effect of AI. What would change it: " in text


def test_people_who_are_alike_do_not() -> None:
    found = of(30)
    assert not found.excludes_zero
    assert "neither shows nor excludes one; a family of its own" in sentence(found)
    assert sentence(found).endswith("A difference between people, not an effect of AI.")


def test_fewer_than_ten_in_a_group_explore() -> None:
    found = of(15, busy=0.5)
    assert (found.status, found.n_high, found.n_low) == ("exploratory", 5, 5)
    assert sentence(found).startswith("Exploratory, fewer than 10 in a group: ")


def test_a_week_is_counted_while_people_were_there() -> None:
    rows = [
        entry(f"d{number:02d}", day, metric, 1)
        for number in range(20)
        for day in range(28 if number < 10 else 56)
        for metric in ("sessions", "commits")
        if metric == "commits" or day % (2 if number % 2 else 1) == 0
    ]
    found = high_low_developers(covered(60), gathered(rows, window(60)), PAIR, split="median")
    assert found.status == "zero_variance"  # everybody lands one commit a day while there


@pytest.mark.parametrize("developers", [0, 1, 9, 14])
def test_too_few_people_are_a_status_and_a_sentence(developers: int) -> None:
    found = of(developers)
    assert (found.status, found.n_high, found.difference) == ("too_few_people", 0, None)
    assert sentence(found) == (
        "Not enough data (2026-01-05 to 2026-03-05): each group needs 5 developers who were there "
        "on 14 days; below that nothing about single people is shown."
    )


def test_halves_need_fewer_people_than_thirds() -> None:
    found = high_low_developers(covered(60), team(12), PAIR, split="median")
    assert (found.n_high, found.n_low) == (7, 5)  # two share the middle
    assert "upper half of AI sessions" in sentence(found)


def test_equal_use_is_never_parted() -> None:
    rows = [
        entry(f"d{number:02d}", day, metric, 1 + (number * day) % 3 if metric == "commits" else 1)
        for number in range(30)
        for day in range(30)
        for metric in ("sessions", "commits")
    ]
    found = high_low_developers(covered(30), gathered(rows, window(30)), PAIR)
    assert found.status == "too_few_people"  # nobody has less than anybody else


@pytest.mark.parametrize(
    ("pair", "unknown", "said"),
    [
        (("sessions", "reopened"), (), "who is behind each count is not known"),
        (PAIR, ("sessions",), "no AI sessions are known"),
        (PAIR, ("commits",), "no commits are known"),
        (("sessions", "merged_prs"), (), "none of the merged pull requests belong to somebody"),
    ],
)
def test_what_is_missing_is_said(
    pair: tuple[str, str], unknown: tuple[str, ...], said: str
) -> None:
    found = high_low_developers(covered(60, *unknown), team(12), pair)
    assert found.difference is None
    assert said in sentence(found)
