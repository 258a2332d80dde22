"""Daily rollups of calls and deliveries, and the Parquet files of both."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from prodlens.aggregation.daily import DailyAggregator
    from prodlens.aggregation.parquet import ParquetExporter

__all__ = ["DailyAggregator", "ParquetExporter"]


def __getattr__(name: str) -> Any:
    """Import what is asked for: who rolls days up writes no Parquet file."""
    if name == "DailyAggregator":
        from prodlens.aggregation.daily import DailyAggregator

        return DailyAggregator
    if name == "ParquetExporter":
        from prodlens.aggregation.parquet import ParquetExporter

        return ParquetExporter
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
