"""Laws of lag profiles: whatever the series, a status or numbers that belong together."""

from __future__ import annotations

import dataclasses
import math
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from prodlens.metrics.high_low_days import high_low_days
from prodlens.metrics.high_low_days import sentence as effect_sentence
from prodlens.metrics.lag_profile import lag_profile
from prodlens.metrics.profile import Question
from prodlens.metrics.profile_sentences import line_sentence, remarks, summary
from prodlens.storage import ProdLensStore
from unit.metrics.golden_days import MONDAY, metrics

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from prodlens.metrics.profile import Line, Profile

NOW = datetime(2027, 1, 1, tzinfo=UTC)
COUNTS = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), min_size=0, max_size=70)
GAPS = st.sets(st.integers(0, 69), max_size=12)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProdLensStore]:
    with ProdLensStore(tmp_path_factory.mktemp("laws") / "cache.db") as opened:
        yield opened


def profile_of(
    store: ProdLensStore,
    pairs: Sequence[tuple[int, int]],
    first: date = MONDAY,
    missing: Sequence[int] = (),
) -> Profile:
    days = metrics([x for x, _ in pairs], [y for _, y in pairs], first, missing=missing)
    return lag_profile(store, days, Question(x="sessions", y="commits"), now=NOW)


def numbers(line: Line) -> list[float]:
    values = dataclasses.asdict(line).values()
    return [value for value in values if isinstance(value, float)]


@given(pairs=COUNTS, missing=GAPS)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_profile_is_whole_and_worded(
    store: ProdLensStore, pairs: list[tuple[int, int]], missing: set[int]
) -> None:
    found = profile_of(store, pairs, missing=sorted(missing))
    for line in found.lines:
        assert all(math.isfinite(value) for value in numbers(line))
        assert line_sentence(found, line)
        if line.is_tested:
            assert line.r is not None
            assert line.ci_low is not None
            assert line.ci_high is not None
            assert line.ci_low <= line.r <= line.ci_high
        if line.q is not None:
            assert line.p_value is not None
            assert line.q >= line.p_value
    known = [line for line in found.lines if line.q is not None]
    assert len(known) == found.family_size
    ordered = sorted(known, key=lambda line: line.p_value or 0.0)
    assert [line.q for line in ordered] == sorted(line.q or 0.0 for line in known)
    assert summary(found)
    assert "nan" not in " ".join(remarks(found))


@given(pairs=COUNTS)
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_week_later_everything_is_the_same(
    store: ProdLensStore, pairs: list[tuple[int, int]]
) -> None:
    now, later = profile_of(store, pairs), profile_of(store, pairs, MONDAY + timedelta(days=7))
    plain = [
        [dataclasses.replace(line, from_cache=False) for line in found.lines]
        for found in (now, later)
    ]
    assert plain[0] == plain[1]


@given(pairs=COUNTS, missing=GAPS)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_cache_never_changes_an_answer(
    store: ProdLensStore, pairs: list[tuple[int, int]], missing: set[int]
) -> None:
    first = profile_of(store, pairs, missing=sorted(missing))
    second = profile_of(store, pairs, missing=sorted(missing))
    plain = [
        [dataclasses.replace(line, from_cache=False) for line in found.lines]
        for found in (first, second)
    ]
    assert plain[0] == plain[1]


@given(pairs=COUNTS, missing=GAPS)
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_difference_holds_its_estimate_and_is_worded(
    pairs: list[tuple[int, int]], missing: set[int]
) -> None:
    days = metrics([x for x, _ in pairs], [y for _, y in pairs], missing=sorted(missing))
    found = high_low_days(days, ("sessions", "commits"))
    assert effect_sentence(found)
    if found.result is not None and found.result.percent is not None:
        assert found.result.ci_low is not None
        assert found.result.ci_high is not None
        assert found.result.ci_low <= found.result.percent <= found.result.ci_high
