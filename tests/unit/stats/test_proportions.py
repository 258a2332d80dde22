from __future__ import annotations

import math
import subprocess
import sys

import pytest

from prodlens.stats.proportions import effective_cases, risk_difference, wilson
from prodlens.stats.rates import poisson_rate


def test_wilson_agrees_with_the_published_table() -> None:
    """Newcombe 1998, Statistics in Medicine 17:857-872, Table I, method 3."""
    result = wilson(81, 263)
    assert (round(result.ci_low or 0, 4), round(result.ci_high or 0, 4)) == (0.2553, 0.3662)


def test_wilson_ends_are_exact_at_none_and_all() -> None:
    nothing, everything = wilson(0, 20), wilson(20, 20)
    assert (nothing.p, nothing.ci_low) == (0.0, 0.0)
    assert nothing.ci_high == pytest.approx(0.161125158052819)
    assert (everything.p, everything.ci_high) == (1.0, 1.0)
    assert everything.ci_low == pytest.approx(1 - 0.161125158052819)


def test_wilson_of_nothing_is_unknown() -> None:
    result = wilson(0, 0)
    assert (result.p, result.ci_low, result.ci_high) == (None, None, None)
    assert result.status == "insufficient_data"


@pytest.mark.parametrize(("k", "n"), [(-1, 5), (6, 5), (0, -1)])
def test_impossible_counts_raise(k: int, n: int) -> None:
    with pytest.raises(ValueError, match="k must lie between 0 and n"):
        wilson(k, n)


def test_newcombe_agrees_with_the_published_table() -> None:
    """Newcombe 1998, Statistics in Medicine 17:873-890, Table II, method 10."""
    result = risk_difference(9, 10, 3, 10)
    assert result.diff == pytest.approx(0.6)
    assert (round(result.ci_low or 0, 4), round(result.ci_high or 0, 4)) == (0.1705, 0.8090)


def test_newcombe_needs_both_groups() -> None:
    assert risk_difference(1, 2, 0, 0).status == "insufficient_data"


def test_clustering_shrinks_the_number_of_cases() -> None:
    assert effective_cases(100, 1, 0.3) == 100
    assert effective_cases(100, 10, 1.0) == 10
    with pytest.raises(ValueError, match="cluster_size must be at least 1"):
        effective_cases(10, 0.5, 0.1)


def test_level_is_checked() -> None:
    with pytest.raises(ValueError, match="conf must lie between"):
        wilson(1, 2, conf=1)


@pytest.mark.parametrize(
    ("count", "low", "high"),
    [
        (0, 0.0, 3.6888794541139354),
        (1, 0.025317807984289876, 5.571643390938898),
        (5, 1.6234863901184207, 11.66833207932267),
        (1000, 938.9730184076952, 1063.952136016302),
    ],
)
def test_poisson_interval_is_exact(count: int, low: float, high: float) -> None:
    """``scipy.stats.chi2.ppf(.025, 2 * count) / 2`` and ``.ppf(.975, 2 * count + 2) / 2``."""
    result = poisson_rate(count, 1)
    assert result.ci_low == pytest.approx(low, rel=1e-11)
    assert result.ci_high == pytest.approx(high, rel=1e-11)


def test_a_rate_of_one_event_at_an_extreme_level() -> None:
    """The lower end solves ``1 - exp(-x) = 5e-13``, the upper ``(1 + x) * exp(-x) = 5e-13``."""
    result = poisson_rate(1, 1, conf=1 - 1e-12)
    assert result.ci_low == pytest.approx(5e-13, rel=1e-3)
    assert result.ci_high is not None
    assert (1 + result.ci_high) * math.exp(-result.ci_high) == pytest.approx(5e-13, rel=1e-3)


def test_a_rate_divides_count_and_interval_by_exposure() -> None:
    result = poisson_rate(5, 2.5)
    assert result.rate == 2.0
    assert result.ci_low == pytest.approx(1.6234863901184207 / 2.5)


def test_a_rate_without_exposure_is_unknown() -> None:
    result = poisson_rate(0, 0)
    assert (result.rate, result.status) == (None, "zero_denominator")


@pytest.mark.parametrize(("count", "exposure", "conf"), [(-1, 1, 0.95), (1, -1, 0.95), (1, 1, 2)])
def test_impossible_rates_raise(count: int, exposure: float, conf: float) -> None:
    with pytest.raises(ValueError, match="must"):
        poisson_rate(count, exposure, conf=conf)


def test_light_modules_load_neither_numpy_nor_scipy() -> None:
    modules = ["assignment", "growth", "monitoring", "multiplicity", "proportions"]
    modules += ["rates", "series", "survey"]
    imports = ", ".join(f"prodlens.stats.{module}" for module in modules)
    code = f"import sys, {imports}; print(sorted({{'numpy', 'scipy'}} & set(sys.modules)))"
    run = subprocess.run(  # noqa: S603 - our own interpreter and code
        [sys.executable, "-c", f"import sys; sys.path[:] = {sys.path!r}; {code}"],
        capture_output=True,
        check=True,
        text=True,
    )
    assert run.stdout.strip() == "[]"
