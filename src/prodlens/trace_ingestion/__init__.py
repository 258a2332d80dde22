"""Trace files -> records -> prices -> store, and what can't be read -> dead letters.

Parses no format itself, aggregates nothing and writes no Parquet.
"""

from __future__ import annotations

from prodlens.trace_ingestion.ingestor import TraceIngestor
from prodlens.trace_ingestion.outcome import FileReport, IngestOptions

__all__ = ["FileReport", "IngestOptions", "TraceIngestor"]
