"""Owns what the cache of associations holds, and when an entry is still true.

An entry counts only when the digest of both series, the days set aside and the versions of method
and rules is equal; what can't be written is computed again next time. Computes no statistic.
Source: statistics.md 1.8.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from prodlens.errors import StoreBusyError, StoreFullError, StoreReadOnlyError
from prodlens.metrics.daily_metrics import RULES_VERSION
from prodlens.storage import correlations
from prodlens.storage.connection import naming_errors
from prodlens.storage.correlations import CacheKey

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from prodlens.metrics.calendar import Days
    from prodlens.metrics.span import Span
    from prodlens.storage import ProdLensStore

COLUMNS: Final = {
    "raw_r": "pearson_r",
    "raw_p": "pearson_p",
    "raw_rho": "spearman_r",
    "raw_rho_p": "spearman_p",
    "n_pairs": "sample_size",
    "r": "r_adj",
    "p_value": "p_adj",
    "rho": "rho_adj",
    "rho_p": "rho_adj_p",
    "n_eff": "n_eff",
    "k_controls": "k_controls",
    "ci_low": "ci_low",
    "ci_high": "ci_high",
    "r_mde80": "r_mde80",
    "status": "status",
}
"""Field of `prodlens.metrics.profile.Line` -> column of `correlation_cache`."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What the cache holds of one pair of series over one span.

    Attributes:
        store: Where the cache is; nothing is written to a read-only one.
        key: Everything but the lag that makes an entry the right one.
    """

    store: ProdLensStore
    key: CacheKey

    def read(self) -> dict[int, dict[str, Any]]:
        """Return the fields of each entry that is still true, by lag.

        Raises:
            StoreError: The database can't be read.
        """
        with naming_errors(self.store.path):
            rows = correlations.cached(self.store.conn, self.key)
        return {
            lag: {name: row[column] for name, column in COLUMNS.items()}
            for lag, row in rows.items()
        }

    def looks(self, lags: Collection[int]) -> int:
        """Return at how many ends of the window the pair was tested, this one included.

        Raises:
            StoreError: The database can't be read.
        """
        with naming_errors(self.store.path):
            return 1 + correlations.earlier_looks(self.store.conn, self.key, lags)

    def keep(self, found: Mapping[int, Mapping[str, Any]]) -> None:
        """Write entries by lag; what stops that does not stop the answer.

        Args:
            found: Fields of `COLUMNS` by lag; absent ones are NULL.
        """
        if self.store.read_only or not found:
            return
        rows = [self._row(lag, values) for lag, values in found.items()]
        with contextlib.suppress(StoreBusyError, StoreFullError, StoreReadOnlyError):
            self.store.insert_correlation_cache(rows)

    def _row(self, lag: int, values: Mapping[str, Any]) -> dict[str, Any]:
        key = self.key
        return {
            "correlation_date": key.window_end,
            "lag_days": lag,
            "x_metric": key.x,
            "y_metric": key.y,
            "scope": key.scope,
            "window_start": key.window_start,
            "window_end": key.window_end,
            "method_version": key.method_version,
            "data_fingerprint": key.fingerprint,
            **{COLUMNS[name]: value for name, value in values.items()},
        }


def key_of(
    pair: tuple[str, str],
    span: Span,
    *,
    scope: str = "",
    method: str = "",
    aside: Sequence[int] = (),
    more: object = None,
) -> CacheKey:
    """Return the key of one pair of series: equal data and settings, equal key.

    Args:
        pair: Slugs of exposure and outcome.
        span: Both series, and the days they are over.
        scope: Repository, and what else narrows the data; '' is everything.
        method: What differs from the method of the headline; '' is that one.
        aside: Positions of days that are set aside.
        more: Whatever else the result depends on, as JSON can write it.
    """
    from prodlens.stats.association import METHOD_VERSION

    days: Days = span.days
    version = f"{METHOD_VERSION}.{RULES_VERSION}{method and ' ' + method}"
    seen: list[Any] = [days.first.isoformat(), span.x, span.y, sorted(aside), version]
    if more is not None:
        seen.append(more)
    return CacheKey(
        x=pair[0],
        y=pair[1],
        scope=scope,
        window_start=days.first.isoformat(),
        window_end=days.last.isoformat(),
        method_version=version,
        fingerprint=hashlib.sha256(json.dumps(seen).encode("ascii")).hexdigest(),
    )
