"""Every number ProdLens reports: the catalogue, the inputs, one module per family, the report."""

from __future__ import annotations

from prodlens.metrics.report import ReportGenerator

__all__ = ["ReportGenerator"]
