"""How accepted calls differ from rejected ones, in size; pure functions of the decided calls.

Sizes over calls describe; their intervals draw whole developers, because calls of one developer
resemble each other, and stand only with ten developers or more. Source: statistics.md section 2.
"""

from __future__ import annotations

from array import array
from dataclasses import asdict, dataclass, field, replace
from itertools import compress
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy as np
    from numpy.typing import NDArray

    from prodlens.metrics.cluster_bootstrap import Groups, Interval
    from prodlens.storage.daily_readings import DecidedCalls

NOT_ASKED: Final = "statistics were not asked for"
FEW_DEVELOPERS: Final = "fewer than 10 developers"
_NO_INTERVAL: Final = "too few values to draw from"
_ONE_GROUP: Final = "no accepted and rejected calls to compare"


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """The size of one difference or ratio, accepted over rejected.

    Attributes:
        value: The size; None when a group is too small, or nothing varies.
        ci_low: Lower end of the 95 % interval; None without one.
        ci_high: Upper end.
        word: negligible, small, medium or large; None for a ratio or without a value.
    """

    value: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None
    word: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectSizes:
    """Accepted against rejected calls; positive when the accepted ones have more.

    Attributes:
        accepted: Accepted calls whose duration is known; None when that was not asked for.
        rejected: Rejected calls whose duration is known; None likewise.
        developers: Developers among them; None likewise.
        latency: Cohen's d of the durations, with pooled variance.
        latency_log: Cohen's d of their logarithms.
        latency_dominance: Cliff's delta of the durations.
        latency_g: Hedges' g of the durations.
        token_ratio: Mean tokens, accepted over all calls (the specification's ratio).
        token_ratio_disjoint: Mean tokens, accepted over rejected.
        ci_reason: Why there are no intervals; None when there are.
        model_acceptance_rates: Share accepted by model.
    """

    accepted: int | None = 0
    rejected: int | None = 0
    developers: int | None = 0
    latency: Size = field(default_factory=Size)
    latency_log: Size = field(default_factory=Size)
    latency_dominance: Size = field(default_factory=Size)
    latency_g: float | None = None
    token_ratio: float | None = None
    token_ratio_disjoint: Size = field(default_factory=Size)
    ci_reason: str | None = _ONE_GROUP
    model_acceptance_rates: Mapping[str, float] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values under the specification's keys and those added to them."""
        return {
            "latency_cohens_d": self.latency.value,
            "latency_effect": self.latency.word,
            "token_efficiency_ratio": self.token_ratio,
            "model_acceptance_rates": dict(self.model_acceptance_rates),
            "latency_cohens_d_ci_low": self.latency.ci_low,
            "latency_cohens_d_ci_high": self.latency.ci_high,
            "latency_hedges_g": self.latency_g,
            "latency_cohens_d_log": self.latency_log.value,
            "latency_cliffs_delta": asdict(self.latency_dominance),
            "token_ratio_accepted_vs_rejected": {
                name: value
                for name, value in asdict(self.token_ratio_disjoint).items()
                if name != "word"
            },
            "ci_reason": self.ci_reason,
            "accepted": self.accepted,
            "rejected": self.rejected,
            "developers": self.developers,
        }


def in_order(decided: DecidedCalls) -> DecidedCalls:
    """Return the same calls in an order of their own values, so that no sum hangs on another one.

    Rejected ones first; by developer, duration and tokens, what is not known first. Calls that all
    had the same outcome stay as they are: nothing is drawn from them.
    """
    if not 0 < sum(decided.accepted) < len(decided.accepted):
        return decided
    import numpy as np

    latency = np.asarray(decided.latency_ms, dtype=np.float64)
    tokens = np.asarray(decided.tokens, dtype=np.float64)
    developer = np.asarray(decided.developer, dtype=np.int64)
    accepted = np.asarray(decided.accepted, dtype=np.int8)
    ranks = {name: place for place, name in enumerate(sorted(decided.developers))}
    rank = np.asarray([ranks[name] for name in decided.developers])[developer]
    known = [np.where(np.isnan(one), -np.inf, one) for one in (tokens, latency)]
    order = _ordered(accepted.astype(np.int64) * len(ranks) + rank, known[1], known[0])
    return replace(
        decided,
        accepted=array("b", accepted[order].tobytes()),
        developer=array("q", developer[order].tobytes()),
        latency_ms=array("d", latency[order].tobytes()),
        tokens=array("d", tokens[order].tobytes()),
    )


def _ordered(
    group: NDArray[np.int64], first: NDArray[np.float64], second: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Return the places of values by group, then by one, then by another number.

    As `lexsort` does in a quarter of the time where few values share a group and the first number:
    whole numbers of 16 bits and unstable sorts are fast.
    """
    import numpy as np

    narrow = group.astype(np.min_scalar_type(int(group.max())))
    order = np.argsort(first)
    order = order[np.argsort(narrow[order], kind="stable")]
    again = (np.diff(group[order]) == 0) & (first[order][1:] == first[order][:-1])
    tied = np.append(again, False) | np.append(False, again)
    some = order[tied]
    order[tied] = some[np.lexsort((second[some], first[some], group[some]))]
    return order


def effect_sizes(
    decided: DecidedCalls,
    *,
    mean_tokens: float | None,
    model_acceptance_rates: Mapping[str, float],
) -> EffectSizes:
    """Return how accepted calls differ from rejected ones.

    Args:
        decided: The calls.
        mean_tokens: Mean tokens of all calls of which they are known; None when of none.
        model_acceptance_rates: Share accepted by model.
    """
    accepted = sum(decided.accepted)
    if not 0 < accepted < len(decided.accepted):
        timed = sum(latency >= 0 for latency in decided.latency_ms)  # NaN is not
        return EffectSizes(
            accepted=timed if accepted else 0,
            rejected=0 if accepted else timed,
            token_ratio=_ratio_to_all(decided, mean_tokens),
            model_acceptance_rates=model_acceptance_rates,
        )
    from prodlens.metrics.cluster_bootstrap import FEWEST_DEVELOPERS

    latency, tokens = _groups(decided, decided.latency_ms), _groups(decided, decided.tokens)
    named = {decided.developers[place] for place in {*latency.first_by, *latency.second_by}} - {""}
    enough = len(named) >= FEWEST_DEVELOPERS
    sizes = _latency(latency, with_interval=enough)
    disjoint = _token_ratio(tokens, with_interval=enough)
    reason = None if sizes["latency"].ci_low is not None else _NO_INTERVAL
    return EffectSizes(
        accepted=int(latency.first.size),
        rejected=int(latency.second.size),
        developers=len(named),
        token_ratio=_ratio_to_all(decided, mean_tokens),
        token_ratio_disjoint=disjoint,
        ci_reason=reason if enough else FEW_DEVELOPERS,
        model_acceptance_rates=model_acceptance_rates,
        **sizes,
    )


def not_asked(model_acceptance_rates: Mapping[str, float]) -> EffectSizes:
    """Return what a report without statistics says of effect sizes: the rates alone."""
    return EffectSizes(
        accepted=None,
        rejected=None,
        developers=None,
        ci_reason=NOT_ASKED,
        model_acceptance_rates=model_acceptance_rates,
    )


def _ratio_to_all(decided: DecidedCalls, mean_tokens: float | None) -> float | None:
    known = [
        tokens
        for tokens in compress(decided.tokens, decided.accepted)
        if tokens >= 0  # NaN, not known, is not
    ]
    return sum(known) / len(known) / mean_tokens if known and mean_tokens else None


def _groups(decided: DecidedCalls, values: Any) -> Groups:
    """Return the known values of accepted and of rejected calls, with whose each is."""
    import numpy as np

    from prodlens.metrics.cluster_bootstrap import Groups

    every = np.asarray(values, dtype=np.float64)
    by = np.asarray(decided.developer, dtype=np.int64)
    accepted = np.asarray(decided.accepted) == 1
    known = ~np.isnan(every)
    first, second = known & accepted, known & ~accepted
    return Groups(every[first], every[second], by[first], by[second], len(decided.developers))


def _latency(groups: Groups, *, with_interval: bool) -> dict[str, Any]:
    from prodlens.metrics import cluster_bootstrap
    from prodlens.stats.effect import band_of_d, cliffs_delta, standardized_difference

    plain = standardized_difference(groups.first, groups.second)
    delta = cliffs_delta(groups.first, groups.second)
    log = standardized_difference(_logs(groups.first), _logs(groups.second))
    return {
        "latency": _size(
            plain.d,
            plain.band,
            _drawn(cluster_bootstrap.difference_interval, groups, with_interval=with_interval),
        ),
        "latency_log": Size(value=log.d, word=None if log.d is None else band_of_d(log.d)),
        "latency_dominance": _size(
            delta.delta,
            delta.band,
            _drawn(cluster_bootstrap.dominance_interval, groups, with_interval=with_interval),
        ),
        "latency_g": plain.g,
    }


def _logs(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return logarithms of the durations above 0."""
    import numpy as np

    return np.log(values[values > 0.0])


def _token_ratio(groups: Groups, *, with_interval: bool) -> Size:
    from prodlens.metrics import cluster_bootstrap
    from prodlens.stats.effect import ratio_of_means

    ratio = ratio_of_means(groups.first, groups.second).ratio
    interval = _drawn(cluster_bootstrap.ratio_interval, groups, with_interval=with_interval)
    return _size(ratio, None, interval)


def _drawn(
    of: Callable[[Groups], Interval | None], groups: Groups, *, with_interval: bool
) -> Interval | None:
    if not with_interval or min(groups.first.size, groups.second.size) < 2:
        return None
    return of(groups)


def _size(value: float | None, word: str | None, interval: Interval | None) -> Size:
    """Return a size with its interval, which always contains it."""
    if value is None or interval is None:
        return Size(value=value, word=word)
    low, high = min(interval[0], value), max(interval[1], value)
    return Size(value=value, ci_low=low, ci_high=high, word=word)
