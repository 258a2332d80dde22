"""What is asked for: which slice a comparison is about, and under which name its result is kept."""

from __future__ import annotations

from datetime import date

import pytest

from prodlens.metrics.declaration import DEFAULT_PRIMARY, Asking, Declared
from prodlens.selection import Selection

PAIR = (DEFAULT_PRIMARY[0], DEFAULT_PRIMARY[1])
LAG = DEFAULT_PRIMARY[2]
DECLARED = Declared(
    x=PAIR[0], y=PAIR[1], lag_days=LAG, since=date(2026, 3, 2), until=date(2026, 5, 4)
)


@pytest.mark.parametrize(
    ("selection", "scope"),
    [
        (Selection(), ""),
        (Selection(repositories=("acme/web",)), "acme/web"),
        (Selection(models=("gpt-5", "claude-*")), ";model=claude-*,gpt-5"),
        (
            Selection(repositories=("acme/web",), models=("gpt-5",), traffic=("", "human")),
            "acme/web;model=gpt-5;traffic=,human",
        ),
    ],
)
def test_results_of_some_calls_are_kept_under_a_name_of_their_own(
    selection: Selection, scope: str
) -> None:
    assert Asking(selection=selection).scope == scope


@pytest.mark.parametrize("narrow", [Selection(models=("gpt-5",)), Selection(traffic=("human",))])
def test_only_all_calls_have_a_primary_comparison_or_the_declared_one(narrow: Selection) -> None:
    assert Asking().standing(PAIR, LAG) == "primary"
    assert Asking(selection=narrow).standing(PAIR, LAG) == "exploratory"
    assert Asking(declared=DECLARED).about(PAIR) is DECLARED
    assert Asking(selection=narrow, declared=DECLARED).about(PAIR) is None
