from __future__ import annotations

import math

import pytest

from prodlens.metrics.values import MetricValue, Unit


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_value_that_is_no_number_is_refused(bad: float) -> None:
    with pytest.raises(ValueError, match="NaN or infinite"):
        MetricValue(value=bad, unit=Unit.SHARE)
    with pytest.raises(ValueError, match="NaN or infinite"):
        MetricValue(value=0.5, unit=Unit.SHARE, interval=(0.1, bad))


def test_none_without_a_reason_is_refused() -> None:
    with pytest.raises(ValueError, match="needs a note"):
        MetricValue(value=None, unit=Unit.USD)


def test_plain_values_keep_the_same_keys_with_and_without_an_interval() -> None:
    full = MetricValue(
        value=0.25,
        unit=Unit.SHARE,
        n=8,
        interval=(0.07, 0.59),
        numerator=2,
        denominator=8,
        note="seen",
    )
    assert full.to_dict() == {
        "value": 0.25,
        "unit": "share",
        "n": 8,
        "numerator": 2,
        "denominator": 8,
        "ci_low": 0.07,
        "ci_high": 0.59,
        "note": "seen",
    }
    empty = MetricValue(value=None, unit=Unit.SHARE, note="nothing").to_dict()
    assert list(empty) == list(full.to_dict())
    assert empty["ci_low"] is None
    assert empty["ci_high"] is None
