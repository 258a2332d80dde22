from __future__ import annotations

import json
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from prodlens.stats.panel import panel_association

GOLDEN = Path(__file__).parents[2] / "golden" / "panel_fe.json"


def _golden() -> dict[str, Any]:
    case = json.loads(GOLDEN.read_text(encoding="utf-8"))["cases"][0]["input"]
    return {name: case[name] for name in ("developer", "day", "x", "y", "lag")}


def _panel(developers: int, days: int, *, seed: int) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    rows = list(product(range(developers), range(days)))
    x = rng.poisson(3, len(rows))
    return {
        "developer": [f"d{who}" for who, _ in rows],
        "day": [day for _, day in rows],
        "x": x.tolist(),
        "y": (rng.poisson(2, len(rows)) + x).tolist(),
        "lag": 0,
    }


def test_agrees_with_r() -> None:
    """R: ``lm`` with both sets of dummies and ``sandwich::vcovCL(type = "HC1")``."""
    result = panel_association(**_golden())
    assert result.beta == pytest.approx(0.0857655028099236, abs=1e-9)
    assert result.se_cr1 == pytest.approx(0.113653317735851, abs=1e-9)
    assert result.p_value == pytest.approx(0.492468395191233, abs=1e-9)
    assert (result.n_obs, result.n_developers, result.df) == (135, 5, 4)
    assert result.status == "exploratory"


def test_wild_bootstrap_p_over_all_sign_patterns() -> None:
    """0.5 was found by fitting all 32 regressions with explicit dummies."""
    assert panel_association(**_golden()).p_wild == 0.5


def test_a_strong_slope_gets_the_smallest_p_that_signs_allow() -> None:
    result = panel_association(**_panel(6, 40, seed=1))
    assert result.status == "ok"
    assert result.p_wild == 2 / 2**6
    assert result.p_value is not None
    assert result.p_value < 0.01


def test_more_than_ten_developers_have_no_exact_bootstrap() -> None:
    result = panel_association(**_panel(11, 20, seed=2))
    assert (result.n_developers, result.p_wild) == (11, None)


def test_a_shock_common_to_all_is_no_association() -> None:
    """Both counts follow the day alone: day effects leave nothing to compare."""
    days = [day % 5 for day in range(20)] * 6
    result = panel_association(
        [f"d{who}" for who in range(6) for _ in range(20)],
        list(range(20)) * 6,
        x=days,
        y=[2 * count for count in days],
        lag=0,
    )
    assert (result.status, result.beta) == ("zero_variance", None)


def test_developers_with_fewer_than_fourteen_days_are_dropped() -> None:
    panel = _panel(3, 20, seed=3)
    panel["developer"] += ["new"] * 13
    panel["day"] += list(range(13))
    panel["x"] += [1] * 13
    panel["y"] += [9] * 13
    with_new = panel_association(**panel)
    assert (with_new.n_dropped, with_new.n_developers) == (1, 3)
    assert with_new.beta == panel_association(**_panel(3, 20, seed=3)).beta


def test_uncovered_developer_days_are_left_out_of_the_pairs() -> None:
    panel = _panel(4, 20, seed=4)
    panel["lag"] = 1
    assert panel_association(**panel).n_obs == 4 * 19
    panel["y"][5] = None
    assert panel_association(**panel).n_obs == 4 * 19 - 1


def test_one_developer_is_no_panel() -> None:
    assert panel_association(**_panel(1, 30, seed=5)).status == "insufficient_data"
    assert panel_association([], [], x=[], y=[], lag=0).status == "insufficient_data"


def test_two_pairs_a_developer_leave_no_degrees_of_freedom() -> None:
    panel = _panel(2, 14, seed=6)
    panel["lag"] = 12
    assert panel_association(**panel).status == "insufficient_data"


def test_an_outcome_that_is_the_exposure_has_no_error() -> None:
    panel = _panel(5, 20, seed=7)
    panel["y"] = panel["x"]
    result = panel_association(**panel)
    assert result.beta == pytest.approx(1.0)
    assert (result.t, result.p_value, result.p_wild) == (None, 0.0, None)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"lag": -1}, "lag must not be negative"),
        ({"developer": ["a"]}, "must have equal length"),
        ({"y": [1.0]}, "x and y must have equal length"),
        ({"day": [0] * 30}, "two rows for one day"),
        ({"x": [-1] * 30}, "x must not be negative"),
    ],
)
def test_wrong_calls_raise(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        panel_association(**{**_panel(2, 15, seed=8), **change})
