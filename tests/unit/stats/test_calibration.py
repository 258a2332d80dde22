"""A small simulation gate: independent series are rarely called associated, real ones are found."""

from __future__ import annotations

import numpy as np
import pytest

from prodlens.stats.association import lagged_association
from prodlens.stats.correlation import pearson

REPLICATIONS = 200


def _counts(
    rng: np.random.Generator, *, days: int, latent_r: float
) -> tuple[list[int], list[int], int]:
    """Return exposure, outcome one day later, and first weekday: AR(1) logs, a work week, Poisson."""
    shocks = rng.normal(size=(2, days + 31))
    shocks[1] = latent_r * shocks[0] + np.sqrt(1 - latent_r**2) * shocks[1]
    latent = np.zeros_like(shocks)
    for day in range(1, days + 31):
        latent[:, day] = 0.5 * latent[:, day - 1] + np.sqrt(0.75) * shocks[:, day]
    start = int(rng.integers(7))
    weekend = (start + np.arange(days)) % 7 >= 5
    x = rng.poisson(12 * np.where(weekend, 0.12, 1) * np.exp(0.5 * latent[0, 31:]))
    y = rng.poisson(5 * np.where(weekend, 0.08, 1) * np.exp(0.5 * latent[1, 30:-1]))
    return x.tolist(), y.tolist(), start


@pytest.mark.parametrize("days", [14, 30, 90])
def test_independent_series_are_rarely_called_associated(days: int) -> None:
    rng = np.random.default_rng(20240 + days)
    found = naive = covered = 0
    for _ in range(REPLICATIONS):
        x, y, start = _counts(rng, days=days, latent_r=0.0)
        result = lagged_association(x, y, start, 1)
        if result.p_value is None or result.ci_low is None or result.ci_high is None:
            continue
        found += result.p_value < 0.05
        covered += result.ci_low <= 0 <= result.ci_high
        naive_p = pearson(x[:-1], y[1:]).p_value
        naive += naive_p is not None and naive_p < 0.05
    assert found <= 0.10 * REPLICATIONS  # 5 % and three standard errors
    assert covered >= 0.90 * REPLICATIONS
    if days == 90:
        assert naive >= 0.12 * REPLICATIONS  # what the method is there to avoid


def test_a_strong_association_is_found_in_ninety_days() -> None:
    rng = np.random.default_rng(7)
    found = 0
    for _ in range(REPLICATIONS):
        x, y, start = _counts(rng, days=90, latent_r=0.9)
        p = lagged_association(x, y, start, 1).p_value
        found += p is not None and p < 0.05
    assert found >= 0.75 * REPLICATIONS


def test_rare_days_off_do_not_fake_an_association_once_listed() -> None:
    rng = np.random.default_rng(11)
    listed = unlisted = 0
    for _ in range(REPLICATIONS):
        x, y, start = _counts(rng, days=60, latent_r=0.0)
        first = next(day for day in range(20, 40) if (start + day) % 7 == 0)
        shutdown = range(first, first + 5)
        for day in shutdown:
            x[day] = y[day] = 0
        found = lagged_association(x, y, start, 0, shutdown).p_value
        missed = lagged_association(x, y, start, 0).p_value
        listed += found is not None and found < 0.05
        unlisted += missed is not None and missed < 0.05
    assert listed <= 0.10 * REPLICATIONS
    assert unlisted >= 0.25 * REPLICATIONS
