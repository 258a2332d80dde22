from __future__ import annotations

import math
import subprocess
import sys

import pytest

from prodlens.stats.distributions import (
    binomial_two_sided_p,
    noncentrality_at,
    small_sample_correction,
    t_two_sided_p,
)


@pytest.mark.parametrize(
    ("successes", "trials", "probability", "p"),
    [
        (3, 20, 0.3, 0.22041826738070913),
        (12, 20, 0.3, 0.005936084198097523),
        (0, 7, 0.1, 1.0),
        (7, 7, 0.9, 1.0),
        (5200, 10000, 0.5, 6.593515598672343e-05),
        (5, 10, 0.5, 1.0),
    ],
)
def test_exact_binomial_p_agrees_with_scipy(
    successes: int, trials: int, probability: float, p: float
) -> None:
    """``scipy.stats.binomtest(successes, trials, probability).pvalue``."""
    result = binomial_two_sided_p(successes, trials, probability)
    assert result == pytest.approx(p, rel=1e-9)


def test_binomial_p_is_symmetric() -> None:
    assert binomial_two_sided_p(2, 9, 0.25) == pytest.approx(binomial_two_sided_p(7, 9, 0.75))


def test_an_infinite_statistic_has_p_zero() -> None:
    assert t_two_sided_p(math.inf, 5) == 0.0


@pytest.mark.parametrize("df", [2, 10, 1_000, 1_000_000])
@pytest.mark.parametrize("probability", [0.025, 0.975])
@pytest.mark.parametrize("sign", [1, -1])
def test_the_large_t_approximation_meets_the_exact_inversion(
    df: int, probability: float, sign: int
) -> None:
    exact = noncentrality_at(199.999 * sign, df, probability)
    approximate = noncentrality_at(200.001 * sign, df, probability)
    assert approximate == pytest.approx(exact, rel=3e-4)


def test_a_huge_t_is_inverted_at_once() -> None:
    """For t beyond any noise the ends are ``t * sqrt(chi2 quantile / df)``: 0.159 and 1.921."""
    assert noncentrality_at(1e12, 2, 0.975) / 1e12 == pytest.approx(0.1591159, rel=1e-5)
    assert noncentrality_at(1e12, 2, 0.025) / 1e12 == pytest.approx(1.9206461, rel=1e-5)


def test_the_correction_fades_with_sample_size() -> None:
    assert small_sample_correction(2) == pytest.approx(0.5641895835)
    assert small_sample_correction(1_000_000) == pytest.approx(1 - 0.75e-6, abs=1e-8)


def test_no_module_loads_the_slow_libraries() -> None:
    modules = ["association", "cuped", "effect", "experiment", "panel", "power", "srm"]
    imports = ", ".join(f"prodlens.stats.{module}" for module in modules)
    slow = "{'scipy.stats', 'scipy.optimize', 'pandas', 'sqlite3'}"
    code = f"import {imports}; print(sorted({slow} & set(sys.modules)))"
    run = subprocess.run(  # noqa: S603 - our own interpreter and code
        [sys.executable, "-c", f"import sys; sys.path[:] = {sys.path!r}; {code}"],
        capture_output=True,
        check=True,
        text=True,
    )
    assert run.stdout.strip() == "[]"
