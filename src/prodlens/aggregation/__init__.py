"""Daily rollups of calls and deliveries, and the Parquet files of both."""

from __future__ import annotations

from prodlens.aggregation.daily import DailyAggregator
from prodlens.aggregation.parquet import ParquetExporter

__all__ = ["DailyAggregator", "ParquetExporter"]
