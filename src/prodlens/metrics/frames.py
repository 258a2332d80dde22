"""The specification's two DataFrame methods: frames in, plain values out; reads no store.

Takes the frames of `ProdLensStore` and minimal ones: a column that is missing is not known. pandas
is imported by the caller's frames alone; days are UTC days.
"""

from __future__ import annotations

from array import array
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from prodlens.clock import day_start, parse_day, parse_instant, utc_day
from prodlens.errors import InputError
from prodlens.metrics import contract, interaction
from prodlens.metrics.association import associate
from prodlens.metrics.calendar import DailySeries, Days, call_days, commit_days
from prodlens.metrics.effects import effect_sizes
from prodlens.metrics.inputs import DailyInputs, MetricInputs
from prodlens.storage.daily_readings import DecidedCalls
from prodlens.storage.delivery_readings import RepositoryState
from prodlens.storage.readings import CallFigures
from prodlens.storage.trace_rows import BY_RULE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

_LONGEST_MS: Final = 1e15
_SOURCE: Final = "frame"


def effect_sizes_of(
    sessions: pd.DataFrame, pull_requests: pd.DataFrame | None = None
) -> dict[str, Any]:
    """Return how accepted calls differ from rejected ones.

    Args:
        sessions: One row per call. Of the columns `accepted_flag`, `latency_ms`, `total_tokens`
            (or `tokens_in` and `tokens_out`), `model` and `developer_id` those that are missing
            are not known. A decision whose `accepted_source` is an automatic approval is
            nobody's.
        pull_requests: Part of the specification's signature; no size needs it.

    Returns:
        `latency_cohens_d` (accepted minus rejected, pooled variance), `latency_effect` (its
        word), `token_efficiency_ratio`, `model_acceptance_rates`, and what stands beside them in
        `prodlens.metrics.effects.EffectSizes.to_dict`; None where there is nothing to compare.
    """
    del pull_requests
    tokens = _tokens(sessions)
    known = tokens[tokens >= 0]
    return effect_sizes(
        _decided(sessions, tokens),
        mean_tokens=float(known.mean()) if known.size else None,
        model_acceptance_rates=_acceptance_rates(sessions),
    ).to_dict()


def correlations_of(
    sessions: pd.DataFrame, commits: pd.DataFrame, *, lag_days: int = 1
) -> dict[str, Any]:
    """Return how daily use goes with the commits some days later, and how accepted calls differ.

    Args:
        sessions: One row per call, with `timestamp` (or `event_date`); `session_id` and `sources`
            are used where they are there.
        commits: One row per commit, with `timestamp`; merges, commits of programs and commits off
            the default branch are left out where columns tell of them.
        lag_days: Days from use to delivery.

    Returns:
        `pearson` and `spearman` ({r, p_value, count}: naive, a description), `lag_days`,
        `effect_sizes`, `session_growth_percent`, `adjusted` (calibrated p-values, each the only
        one of its family), `basis` and `calibrated`.

    Raises:
        InputError: A frame names no time, or `lag_days` is negative.
    """
    if lag_days < 0:
        raise InputError(f"lag_days is {lag_days}: give 0 or more days.")
    daily = _daily(sessions, commits)
    found = associate(daily, lag_days=lag_days).commits
    result = found.result
    growth = interaction.session_growth_percent(
        MetricInputs(daily=daily, total=CallFigures(calls=daily.calls_in_window))
    )
    return {
        **contract.naive(found),
        "lag_days": lag_days,
        "basis": "naive",
        "calibrated": contract.calibrated(found),
        "effect_sizes": effect_sizes_of(sessions),
        "session_growth_percent": growth.value,
        "adjusted": {
            "pearson": None if result is None else result.p_value,
            "spearman": None if result is None else result.rho_adj_p,
        },
    }


def _decided(frame: pd.DataFrame, tokens: NDArray[np.float64]) -> DecidedCalls:
    """Return the decided calls in an order of their own values."""
    import numpy as np

    accepted = _decisions(frame)
    chosen = ~np.isnan(accepted)
    latency = _numbers(frame, "latency_ms")
    latency[~((latency >= 0) & (latency < _LONGEST_MS))] = np.nan
    developers = np.array(_texts(frame, "developer_id"), dtype=object)[chosen]
    names = sorted(set(developers))
    place = {name: number for number, name in enumerate(names)}
    by = np.array([place[name] for name in developers], dtype=np.int64)
    columns = accepted[chosen], latency[chosen], tokens[chosen]
    order = np.lexsort((columns[2], columns[1], by, columns[0]))
    return DecidedCalls(
        accepted=array("b", columns[0][order].astype(int).tolist()),
        developer=array("l", by[order].tolist()),
        latency_ms=array("d", columns[1][order].tolist()),
        tokens=array("d", columns[2][order].tolist()),
        developers=tuple(names),
    )


def _decisions(frame: pd.DataFrame) -> NDArray[np.float64]:
    """Return 1 accepted, 0 rejected, NaN nobody decided; a setting's approval is nobody's."""
    import numpy as np

    flags = _flags(frame, "accepted_flag")
    by_rule = np.array([source == BY_RULE for source in _texts(frame, "accepted_source")])
    return np.where(by_rule, np.nan, flags) if by_rule.any() else flags


def _acceptance_rates(frame: pd.DataFrame) -> dict[str, float]:
    accepted: dict[str, list[float]] = {}
    for model, flag in zip(_texts(frame, "model"), _decisions(frame), strict=True):
        if model and flag >= 0:  # NaN, nobody decided, is neither
            accepted.setdefault(model, []).append(float(flag))
    return {model: sum(flags) / len(flags) for model, flags in sorted(accepted.items())}


def _tokens(frame: pd.DataFrame) -> NDArray[np.float64]:
    """Return tokens per row, NaN where nothing is known; one known part counts."""
    import numpy as np

    total = _numbers(frame, "total_tokens")
    parts = np.stack([_numbers(frame, "tokens_in"), _numbers(frame, "tokens_out")])
    summed = np.where(np.isnan(parts).all(axis=0), np.nan, np.nansum(parts, axis=0))
    return np.where(np.isnan(total), summed, total)


def _numbers(frame: pd.DataFrame, column: str) -> NDArray[np.float64]:
    """Return a column of numbers, NaN where one is missing or no number."""
    import numpy as np

    if column not in frame.columns:
        return np.full(len(frame), np.nan)
    values = [_number(value) for value in frame[column].tolist()]
    return np.array(values, dtype=np.float64)


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return float("nan")
    return float(value) if abs(value) < 1e60 else float("nan")


def _flags(frame: pd.DataFrame, column: str) -> NDArray[np.float64]:
    """Return a column of flags as 1, 0 and NaN for what nobody decided."""
    import numpy as np

    if column not in frame.columns:
        return np.full(len(frame), np.nan)
    values = [float(value) if value in (0, 1) else np.nan for value in _known(frame[column])]
    return np.array(values, dtype=np.float64)


def _texts(frame: pd.DataFrame, column: str) -> list[str]:
    """Return a column of texts, '' where one is missing."""
    if column not in frame.columns:
        return [""] * len(frame)
    return ["" if value is None else str(value) for value in _known(frame[column])]


def _known(series: pd.Series[Any]) -> list[Any]:
    """Return the values of a column, None where one is missing."""
    missing = series.isna().tolist()
    return [None if gone else value for value, gone in zip(series.tolist(), missing, strict=True)]


def _daily(sessions: pd.DataFrame, commits: pd.DataFrame) -> DailyInputs:
    call_day = _days(sessions, "sessions")
    landed = _landed(commits)
    every = [day for day in (*call_day, *landed) if day is not None]
    if not every:
        return DailyInputs()
    days = Days(min(every), max(every))
    captured = call_days(_seen(sessions, call_day), days)
    ids = _texts(sessions, "session_id")
    pairs = {(day, name) for day, name in zip(call_day, ids, strict=True) if day and name}
    return DailyInputs(
        days=days,
        sessions=DailySeries(
            name="sessions", counts=Counter(day for day, _ in pairs), covered=captured
        ),
        calls=DailySeries(
            name="calls", counts=Counter(day for day in call_day if day), covered=captured
        ),
        commits=DailySeries(
            name="commits",
            counts=Counter(landed),
            covered=commit_days(_repository(landed), days),
        ),
        calls_in_window=sum(day is not None for day in call_day),
        calls_with_session=sum(bool(day and name) for day, name in zip(call_day, ids, strict=True)),
    )


def _seen(sessions: pd.DataFrame, days: Sequence[date | None]) -> dict[str, dict[date, int]]:
    column = next((name for name in ("sources", "source") if name in sessions.columns), None)
    named = [_SOURCE] * len(days) if column is None else _texts(sessions, column)
    seen: dict[str, dict[date, int]] = {}
    for sources, day in zip(named, days, strict=True):
        for source in (sources or _SOURCE).split(",") if day else ():
            found = seen.setdefault(source, {})
            if day:
                found[day] = found.get(day, 0) + 1
    return seen


def _landed(commits: pd.DataFrame) -> list[date]:
    """Return the day of each commit that counts; of a sha that stands twice once."""
    import numpy as np

    left_out = np.zeros(len(commits), dtype=bool)
    for column, unwanted in (("is_merge", 1.0), ("is_bot", 1.0), ("on_default_branch", 0.0)):
        left_out |= _flags(commits, column) == unwanted
    shas = _texts(commits, "sha")
    found: dict[str, date] = {}
    for number, day in enumerate(_days(commits, "commits")):
        if day is not None and not left_out[number]:
            found.setdefault(shas[number] or f"row {number}", day)
    return sorted(found.values())


def _repository(landed: Sequence[date]) -> list[RepositoryState]:
    if not landed:
        return []
    return [
        RepositoryState(
            repo_id=0,
            slug=None,
            commits_known=True,
            first_commit=day_start(landed[0]),
            last_delivery=day_start(landed[-1]),
        )
    ]


def _days(frame: pd.DataFrame, what: str) -> list[date | None]:
    """Return the UTC day of each row, None where it names no time."""
    if not len(frame):
        return []
    column = next((name for name in ("timestamp", "event_date") if name in frame.columns), None)
    if column is None:
        raise InputError(f"The frame of {what} needs a column 'timestamp'.")
    return [_day(value) for value in _known(frame[column])]


def _day(value: Any) -> date | None:
    if value is None:
        return None
    if hasattr(value, "to_pydatetime"):
        value = value.to_pydatetime(warn=False)
    read = parse_instant(value)
    if read is not None:
        return utc_day(read[0])
    try:
        return parse_day(value)
    except InputError:
        return None
